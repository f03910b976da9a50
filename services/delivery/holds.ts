/**
 * The destinations that operators hold back, as the store has them. One that is set or lifted here
 * binds at once; one that was set elsewhere, or before this worker began, when it is read.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Destination } from "#lib/queue/unit";
import type { Hold, Store } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import type { Changed } from "#proto/admin";

const refreshMs = 5_000;

/** The owner of a destination's shard, as far as holds concern it. */
export interface HoldsBack {
  /** Tells how many units moved to the backlog. */
  hold(hold: Hold): number;
  release(destination: Destination): void;
}

export interface HoldsPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly retryMs: number;
  readonly ownerOf: (destination: Destination) => HoldsBack | undefined;
}

export class Holds {
  readonly #ports: HoldsPorts;
  #held: ReadonlyMap<Destination, Hold> = new Map();
  /** Rises with each word of an operator: what was read from the store meanwhile may be older. */
  #words = 0;
  #areKnown = false;
  #isStopped = false;
  #cancel: CancelTimer | undefined;

  constructor(ports: HoldsPorts) {
    this.#ports = ports;
  }

  get all(): readonly Hold[] {
    return [...this.#held.values()];
  }

  /** What the next incarnation may begin with; undefined before they were read. */
  get known(): readonly Hold[] | undefined {
    return this.#areKnown ? this.all : undefined;
  }

  /**
   * Resolves when they are known: before that nothing may be tried. What an earlier incarnation of
   * this process knew will do when the store is away, as it would have done for that one.
   */
  async start(earlier?: readonly Hold[]): Promise<void> {
    const { clock, retryMs } = this.#ports;
    if (earlier !== undefined) this.#know(earlier);
    // Asked all the same: the process may have stood still, and then it is outdated.
    while (!this.#isStopped && !(await this.#refresh()) && !this.#areKnown) {
      await clock.sleep(retryMs);
    }
    this.#refreshLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  hold(hold: Hold): Changed {
    this.#words += 1;
    return this.#hold(hold);
  }

  release(destination: Destination): Changed {
    this.#words += 1;
    return this.#release(destination);
  }

  /** An owner that began with `known` is told what was said meanwhile. */
  catchUp(owner: HoldsBack, known: readonly Hold[]): void {
    for (const hold of this.#held.values()) if (!known.includes(hold)) owner.hold(hold);
    for (const { destination } of known) {
      if (!this.#held.has(destination)) owner.release(destination);
    }
  }

  #know(holds: readonly Hold[]): void {
    for (const hold of holds) if (!this.#held.has(hold.destination)) this.#hold(hold);
    this.#areKnown = true;
  }

  #hold(hold: Hold): Changed {
    this.#held = new Map(this.#held).set(hold.destination, hold);
    const owner = this.#ports.ownerOf(hold.destination);
    if (owner === undefined) return { units: 0, destinations: 0 };
    return { units: owner.hold(hold), destinations: 1 };
  }

  #release(destination: Destination): Changed {
    const rest = new Map(this.#held);
    rest.delete(destination);
    this.#held = rest;
    const owner = this.#ports.ownerOf(destination);
    owner?.release(destination);
    return { units: 0, destinations: owner === undefined ? 0 : 1 };
  }

  async #refresh(): Promise<boolean> {
    const { store, log } = this.#ports;
    const words = this.#words;
    try {
      const stored = await store.holds();
      if (words === this.#words) this.#compare(stored);
      this.#areKnown = true;
      return true;
    } catch (error) {
      log.error("holds_unreadable", { error: String(error) });
      return false;
    }
  }

  #compare(stored: readonly Hold[]): void {
    const wanted = new Set(stored.map(({ destination }) => destination));
    for (const destination of this.#held.keys()) {
      if (!wanted.has(destination)) this.#release(destination);
    }
    for (const hold of stored) if (!this.#held.has(hold.destination)) this.#hold(hold);
  }

  #refreshLater(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#ports.clock.after(refreshMs, () => {
      // Never rejects.
      void this.#refresh().then(() => this.#refreshLater());
    });
  }
}
