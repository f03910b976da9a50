/** Does something at the n-th time that something happens, in the very call that tells of it. */
export class Moments<Kind extends string> {
  #awaited: { readonly kind: Kind; readonly act: () => void } | undefined;
  #left = 0;

  /** To be called at each. */
  happened(kind: Kind): void {
    if (this.#awaited?.kind !== kind) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    const { act } = this.#awaited;
    this.#awaited = undefined;
    act();
  }

  /** Resolves as `act` does, which is called at the `nth` from now on. */
  at(kind: Kind, nth: number, act: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#left = nth;
      this.#awaited = { kind, act: () => void act().then(resolve, reject) };
    });
  }
}
