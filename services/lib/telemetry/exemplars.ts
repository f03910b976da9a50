/** Of a histogram the last traced message in each bucket: from a figure to what happened. */

export interface Exemplar {
  /** `traceparent` of the message. */
  readonly trace: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export class Exemplars {
  readonly #boundaries: readonly number[];
  readonly #byLabels = new Map<string, Map<number, Exemplar>>();

  /** @param boundaries upper ends of the buckets, which belong to them, rising */
  constructor(boundaries: readonly number[]) {
    this.#boundaries = boundaries;
  }

  /** @param labels a key that stands for them */
  note(labels: string, exemplar: Exemplar): void {
    const found = this.#boundaries.findIndex((end) => exemplar.value <= end);
    const bucket = found === -1 ? this.#boundaries.length : found;
    const known = this.#byLabels.get(labels) ?? new Map<number, Exemplar>();
    this.#byLabels.set(labels, known.set(bucket, exemplar));
  }

  /** Buckets count from 0; the last has no end. */
  of(labels: string, bucket: number): Exemplar | undefined {
    return this.#byLabels.get(labels)?.get(bucket);
  }
}
