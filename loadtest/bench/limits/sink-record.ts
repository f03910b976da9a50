/** When a sink was given each message, and how many connections it had. */
import { systemClock } from "#lib/clock";
import type { SinkWatch } from "../../sink/tally.ts";

interface Change {
  readonly at: number;
  readonly open: number;
}

export class SinkRecord implements SinkWatch {
  /** Of each MAIL, on the monotonic clock. */
  readonly mails: number[] = [];
  readonly #changes: Change[] = [];
  #open = 0;

  opened(): void {
    this.#change(1);
  }

  closed(): void {
    this.#change(-1);
  }

  mail(): void {
    this.mails.push(systemClock.monotonic());
  }

  /** Connections at once, at the most, and on the average. */
  open(from: number, until: number): { readonly most: number; readonly mean: number } {
    const inside = this.#changes.filter(({ at }) => at >= from && at < until);
    let open = this.#changes.findLast(({ at }) => at < from)?.open ?? 0;
    let most = open;
    let sum = 0;
    let since = from;
    for (const change of inside) {
      sum += open * (change.at - since);
      since = change.at;
      open = change.open;
      most = Math.max(most, open);
    }
    return { most, mean: (sum + open * (until - since)) / (until - from) };
  }

  /** How long at a time there were more than `max` of them, at the longest. */
  longestAboveMs(max: number, from: number, until: number): number {
    let longest = 0;
    let since: number | undefined;
    for (const { at, open } of this.#changes) {
      if (at < from || at >= until) continue;
      if (open > max) since ??= at;
      else if (since !== undefined) {
        longest = Math.max(longest, at - since);
        since = undefined;
      }
    }
    return since === undefined ? longest : Math.max(longest, until - since);
  }

  #change(by: 1 | -1): void {
    this.#open += by;
    this.#changes.push({ at: systemClock.monotonic(), open: this.#open });
  }
}
