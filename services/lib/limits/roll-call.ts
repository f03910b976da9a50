/**
 * Who may still have connections open that a new home has not heard of (ADR 0013): nothing is
 * opened under its limits until all have said what they have.
 */
export class RollCall {
  readonly #unheard: Set<string>;

  /** `members`: all who may have had a share of the former owner. */
  constructor(members: readonly string[]) {
    this.#unheard = new Set(members);
  }

  get unheard(): readonly string[] {
    return [...this.#unheard];
  }

  get isOver(): boolean {
    return this.#unheard.size === 0;
  }

  /** It has said of each limit that has its home here what it has open; or it is gone. */
  answered(member: string): void {
    this.#unheard.delete(member);
  }
}
