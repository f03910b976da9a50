/** What an operator holds is not tried, whoever owns it, as soon as that one can know. */
import type { Clock } from "#lib/clock";
import type { Destination, Unit } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Breaches } from "./breaches.ts";

/** An attempt that waited for its content when the hold came may begin. */
const begunMsMax = 30_000;

export class HoldRules {
  readonly #clock: Clock;
  readonly #breaches: Breaches;
  readonly #since = new Map<Destination, number>();
  /** When an incarnation has read the holds for the first time, and when lately. */
  readonly #readAt = new Map<Incarnation, { readonly first: number; readonly last: number }>();

  constructor(clock: Clock, breaches: Breaches) {
    this.#clock = clock;
    this.#breaches = breaches;
  }

  /** It is in the store. */
  held(destination: Destination): void {
    this.#since.set(destination, this.#clock.monotonic());
  }

  /** It is about to be taken out of the store. */
  releasing(destination: Destination): void {
    this.#since.delete(destination);
  }

  read(reader: Incarnation): void {
    const now = this.#clock.monotonic();
    this.#readAt.set(reader, { first: this.#readAt.get(reader)?.first ?? now, last: now });
  }

  /** An attempt has ended that took so long. */
  attempted(by: Incarnation, { uid, destination }: Unit, durationMs: number): void {
    const since = this.#since.get(destination);
    if (since === undefined) return;
    const readAt = this.#readAt.get(by);
    const begunAt = this.#clock.monotonic() - durationMs;
    if (readAt === undefined || readAt.first > begunAt) {
      this.#breaches.broke("nothing is tried before holds are known", [uid], `${uid} by ${by}`);
      return;
    }
    // One that began to read behind the hold; one that had begun knows by its next look.
    const knownAt = readAt.first > since ? readAt.first : since + begunMsMax;
    if (begunAt <= knownAt || readAt.last < since) return;
    const text = `${uid} to ${destination} by ${by}`;
    this.#breaches.broke("what is held is not tried", [uid], text);
  }
}
