/** Values of a label that strangers or users choose: the first so many by name, the rest as one. */
export class BoundedValues {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The value, `other` beyond the limit, or `none`. */
  of(value: string | undefined): string {
    if (value === undefined || value === "") return "none";
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return "other";
    this.#known.add(value);
    return value;
  }
}
