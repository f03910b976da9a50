import type { Random } from "#lib/random";

/** Chance in the words of a drawing. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  between(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }

  isTrue(share: number): boolean {
    return this.#random.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    for (const picked of from.slice(this.below(from.length))) return picked;
    throw new Error("Cannot pick from nothing");
  }

  names(kind: string, count: number): readonly string[] {
    return Array.from({ length: count }, (_, n) => `${kind}${n + 1}`);
  }
}
