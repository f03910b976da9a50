/** When a sink was given each message, and how many connections it had. */
import type { Clock } from "#lib/clock";
import type { SinkWatch } from "../../sink/tally.ts";

interface Change {
  readonly at: number;
  readonly open: number;
}

export class SinkRecord implements SinkWatch {
  /** Of each MAIL, on the monotonic clock. */
  readonly mails: number[] = [];
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #changes: Change[] = [];
  #open = 0;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  opened(): void {
    this.#change(1);
  }

  closed(): void {
    this.#change(-1);
  }

  mail(): void {
    this.mails.push(this.#clock.monotonic());
  }

  /** Connections at once, at the most, and on the average. */
  open(from: number, until: number): { readonly most: number; readonly mean: number } {
    let most = 0;
    let sum = 0;
    for (const { open, ms } of this.#spans(from, until)) {
      most = Math.max(most, open);
      sum += open * ms;
    }
    return { most, mean: sum / (until - from) };
  }

  /** How long at a time there were more than `max` of them, at the longest. */
  longestAboveMs(max: number, from: number, until: number): number {
    let longest = 0;
    let above = 0;
    for (const { open, ms } of this.#spans(from, until)) {
      above = open > max ? above + ms : 0;
      longest = Math.max(longest, above);
    }
    return longest;
  }

  /** How many there were, and for how long, from one change to the next. */
  *#spans(from: number, until: number): Generator<{ readonly open: number; readonly ms: number }> {
    let open = this.#changes.findLast(({ at }) => at < from)?.open ?? 0;
    let since = from;
    for (const { at, open: next } of this.#changes) {
      if (at < from || at >= until) continue;
      yield { open, ms: at - since };
      open = next;
      since = at;
    }
    yield { open, ms: until - since };
  }

  #change(by: 1 | -1): void {
    this.#open += by;
    this.#changes.push({ at: this.#clock.monotonic(), open: this.#open });
  }
}
