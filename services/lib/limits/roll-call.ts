/**
 * Who may still have connections open that a new home has not heard of (ADR 0013): nothing is
 * opened under its limits until all have said what they have.
 */
export class RollCall {
  #unheard: Set<string> | undefined;

  /** `members`: all who may have had a share of the former owner; absent as long as they are not known. */
  constructor(members?: readonly string[]) {
    this.#unheard = members && new Set(members);
  }

  get isKnown(): boolean {
    return this.#unheard !== undefined;
  }

  get unheard(): readonly string[] {
    return [...(this.#unheard ?? [])];
  }

  get isOver(): boolean {
    return this.#unheard?.size === 0;
  }

  /** Those who lived when no other home answered any more. */
  call(members: readonly string[]): void {
    this.#unheard ??= new Set(members);
  }

  /** It has said of each limit that has its home here what it has open; or it is gone. */
  answered(member: string): void {
    this.#unheard?.delete(member);
  }
}
