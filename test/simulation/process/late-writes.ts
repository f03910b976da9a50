/**
 * Which writes are the newest: one that arrives late is refused where the server compares and sets,
 * or is outdated by its time where it does not.
 */
export class LateWrites {
  readonly #newest = new Map<string, number>();
  #last = 0;

  /** A write of `key` is sent; the result tells whether none has been sent since. */
  sent(key: string): () => boolean {
    this.#last += 1;
    const order = this.#last;
    this.#newest.set(key, order);
    return () => this.#newest.get(key) === order;
  }
}
