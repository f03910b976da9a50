/** What an operator holds is not tried, whoever owns it, as soon as that one can know. */
import type { Clock } from "#lib/clock";
import type { Destination, Unit } from "#lib/queue/unit";
import type { Hold } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import type { Breaches } from "./breaches.ts";

/** An attempt that waited for its content when the hold came may begin. */
const begunMsMax = 30_000;

/** What an incarnation was given by the one before it in its process. */
interface Inheritance {
  readonly at: number;
  readonly destinations: ReadonlySet<Destination>;
}

export class HoldRules {
  readonly #clock: Clock;
  readonly #breaches: Breaches;
  readonly #since = new Map<Destination, number>();
  /** When an incarnation has read the holds for the first time, and when lately. */
  readonly #readAt = new Map<Incarnation, { readonly first: number; readonly last: number }>();
  readonly #inherited = new Map<Incarnation, Inheritance>();

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

  /** An incarnation begins with what its process knew: it may try mail before it has read the holds itself. */
  inherited(heir: Incarnation, holds: readonly Hold[]): void {
    const destinations = new Set(holds.map(({ destination }) => destination));
    this.#inherited.set(heir, { at: this.#clock.monotonic(), destinations });
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
    const inherited = this.#inherited.get(by);
    const begunAt = this.#clock.monotonic() - durationMs;
    const text = `${uid} to ${destination} by ${by}`;
    if (inherited?.destinations.has(destination) && since <= inherited.at) {
      this.#breaches.broke("what is held is not tried", [uid], text);
      return;
    }
    if (inherited === undefined && (readAt === undefined || readAt.first > begunAt)) {
      this.#breaches.broke("nothing is tried before holds are known", [uid], `${uid} by ${by}`);
      return;
    }
    if (readAt === undefined) return;
    // One that began to read behind the hold; one that had begun knows by its next look.
    const knownAt = readAt.first > since ? readAt.first : since + begunMsMax;
    if (begunAt <= knownAt || readAt.last < since) return;
    this.#breaches.broke("what is held is not tried", [uid], text);
  }
}
