/** The last events of a simulation, in order, to be read when something went wrong. */
import type { Clock } from "#lib/clock";

/** Enough for the whole story of a message in a small world. */
const eventsMax = 20_000;

interface TrailEvent {
  readonly atMs: number;
  readonly text: string;
}

export class Trail {
  readonly #clock: Clock;
  readonly #events: TrailEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(text: string): void {
    this.#events.push({ atMs: this.#clock.monotonic(), text });
    if (this.#events.length > 2 * eventsMax) this.#events.splice(0, eventsMax);
  }

  /** The last events that mention one of `words`, or any event without them. */
  last(count: number, words: readonly string[] = []): readonly string[] {
    return this.#events
      .filter(({ text }) => words.length === 0 || words.some((word) => text.includes(word)))
      .slice(-count)
      .map(({ atMs, text }) => `${(atMs / 1_000).toFixed(3).padStart(10)} ${text}`);
  }
}
