/**
 * Every connection and the permit it is open under, from before it is there until it is gone: one
 * that said QUIT, or heard 421, is still one of those that the other side counts.
 */
import type { Clock } from "#lib/clock";
import type { BoundLimit, Permit } from "#lib/limits/acquire";
import type { Shard } from "#lib/queue/unit";
import type { Path } from "../path/paths.ts";
import type { ConnectionLimits } from "./pass.ts";
import type { RemoteSession, SessionWatcher } from "./remote-session.ts";

/** A connection's place among those that count with it, taken before it is there. */
export interface Place extends SessionWatcher {
  /** It did not come to a session. */
  release(): void;
}

/** So long a host may take over its answer to QUIT when its connection is wanted no more. */
const goodbyeMs = 200;

interface Held {
  readonly path: Path;
  readonly permit: Permit;
  readonly isGone: PromiseWithResolvers<void>;
  /** Not to be used again. */
  isRetired: boolean;
}

export class Connections {
  readonly #limits: Omit<ConnectionLimits, "acquire">;
  readonly #connecting = new Set<Held>();
  readonly #open = new Map<RemoteSession, Held>();

  constructor(limits: Omit<ConnectionLimits, "acquire">) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#connecting.size + this.#open.size;
  }

  /** Of each the way that it was opened for. */
  get paths(): readonly Path[] {
    return [...this.#connecting, ...this.#open.values()].map(({ path }) => path);
  }

  place(path: Path, permit: Permit): Place {
    const held: Held = { path, permit, isGone: Promise.withResolvers(), isRetired: false };
    this.#connecting.add(held);
    const release = () => {
      if (this.#connecting.delete(held)) this.#release(held);
    };
    return {
      opened: (session) => {
        this.#connecting.delete(held);
        this.#open.set(session, held);
      },
      gone: (session) => {
        if (this.#open.delete(session)) this.#release(held);
      },
      release,
    };
  }

  /** More are open than may be, or its way is no more: this one is not to be used again. */
  isExcess(session: RemoteSession): boolean {
    const held = this.#open.get(session);
    return held !== undefined && (held.isRetired || this.#limits.excess(held.permit));
  }

  /** Of those that go these ways, as they are now, none is used again. */
  retire(isMeant: (path: Path) => boolean): void {
    for (const held of [...this.#connecting, ...this.#open.values()]) {
      if (isMeant(held.path)) held.isRetired = true;
    }
  }

  /** How many wait for its place, be it to use it as it is, or for a connection of their own. */
  waitingFor(session: RemoteSession): number {
    const held = this.#open.get(session);
    return held === undefined ? 0 : this.#limits.waitingFor(held.permit);
  }

  holds(session: RemoteSession, key: string): boolean {
    return this.#open.get(session)?.permit.holds(key) === true;
  }

  /** One of its places will be free in a moment. */
  isLeaving(key: string): boolean {
    for (const [session, { permit }] of this.#open) {
      if (!session.isOpen && permit.holds(key)) return true;
    }
    return false;
  }

  /** One that is leaving leaves at once, if its place is wanted; false when there is none. */
  hurry(key: string): boolean {
    for (const [session, held] of this.#open) {
      if (session.isOpen || !held.permit.holds(key)) continue;
      this.#drop(session, held);
      return true;
    }
    return false;
  }

  /** Limits have changed: what is open counts under those that apply now; undefined: as before. */
  rebind(boundOf: (path: Path) => readonly BoundLimit[] | undefined): void {
    for (const { path, permit } of [...this.#connecting, ...this.#open.values()]) {
      const bound = boundOf(path);
      if (bound !== undefined) this.#limits.rebind(permit, bound);
    }
  }

  /**
   * A shard is given away, and connections that it counts do not move: they are gone soon. But one
   * whose host has not answered the final dot even now is waited for no longer.
   */
  async leave(shard: Shard, clock: Clock): Promise<void> {
    const own = [...this.#open].filter(
      // No other shard may use it: one of its limits, be it of a rule on replies, is this one's alone.
      ([session, { path, permit }]) => path.shard === shard && permit.isOwn && !session.isBusy,
    );
    for (const [session] of own) session.quit();
    const cancel = clock.after(goodbyeMs, () => {
      for (const [session, held] of own) this.#drop(session, held);
    });
    await Promise.all(own.map(([, { isGone }]) => isGone.promise));
    cancel();
  }

  #drop(session: RemoteSession, held: Held): void {
    if (!this.#open.delete(session)) return;
    session.abort();
    this.#release(held);
  }

  #release({ permit, isGone }: Held): void {
    this.#limits.release(permit);
    isGone.resolve();
  }
}
