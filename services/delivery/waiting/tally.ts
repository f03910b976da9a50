/** How many there are of each kind, as far as is known: what was there before may be taken away uncounted. */
export class Tally<Kind> {
  readonly #counts = new Map<Kind, number>();

  get kinds(): Iterable<Kind> {
    return this.#counts.keys();
  }

  of(kind: Kind): number {
    return this.#counts.get(kind) ?? 0;
  }

  came(kind: Kind): void {
    this.#counts.set(kind, this.of(kind) + 1);
  }

  left(kind: Kind): void {
    const count = this.of(kind) - 1;
    if (count > 0) this.#counts.set(kind, count);
    else this.#counts.delete(kind);
  }
}
