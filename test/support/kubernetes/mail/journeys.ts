/** When messages were begun, when they arrived, and for whom: how long they took in a span of time. */
import { Histogram, type Percentiles } from "../../../../loadtest/histogram.ts";
import { type LoadId, loadIdText } from "../../../../loadtest/load-id.ts";

interface Journey {
  readonly begunAt: number;
  readonly tookMs: number;
  readonly domain: string;
}

/** Half-open, of times of their beginning. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** In milliseconds, on a clock that never steps. */
export class Journeys {
  readonly #begunAt = new Map<string, number>();
  #done: Journey[] = [];

  begun(id: LoadId, now: number): void {
    this.#begunAt.set(loadIdText(id), now);
  }

  /** A second copy is no news. */
  arrived(id: LoadId, domain: string, now: number): void {
    const name = loadIdText(id);
    const begunAt = this.#begunAt.get(name);
    if (begunAt === undefined) return;
    this.#begunAt.delete(name);
    this.#done.push({ begunAt, tookMs: now - begunAt, domain });
  }

  /** Of what is begun now, none has arrived. */
  restart(): void {
    this.#begunAt.clear();
    this.#done = [];
  }

  get longestMs(): number {
    return this.#done.reduce((longest, { tookMs }) => Math.max(longest, tookMs), 0);
  }

  taken({ from, to }: Span, isAsked: (domain: string) => boolean): Percentiles {
    const histogram = new Histogram();
    for (const { begunAt, tookMs, domain } of this.#done) {
      if (begunAt >= from && begunAt < to && isAsked(domain)) histogram.record(tookMs);
    }
    return histogram.percentiles();
  }
}
