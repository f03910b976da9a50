/** Times as they stand in event records: a date is made once a second, however many events there are. */
import type { Time } from "#lib/queue/unit";

const secondMs = 1_000;

let knownSecond = Number.NaN;
let knownText = "";

/** ISO 8601 in UTC, with milliseconds. */
export function eventTime(at: Time): string {
  const ms = Math.floor(at);
  const second = Math.floor(ms / secondMs);
  if (second !== knownSecond) {
    // Up to the dot; the milliseconds follow it.
    knownText = new Date(second * secondMs).toISOString().slice(0, -4);
    knownSecond = second;
  }
  const rest = ms - second * secondMs;
  if (rest >= 100) return `${knownText}${rest}Z`;
  return rest >= 10 ? `${knownText}0${rest}Z` : `${knownText}00${rest}Z`;
}
