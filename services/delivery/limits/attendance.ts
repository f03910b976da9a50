/**
 * Who is there (ADR 0013 §6, §7): a new home calls the roll of all workers that live, and connections
 * of a worker that is gone count no more.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Bus } from "#lib/leases/bus";
import type { Leases, Member } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import { readRollAnswer, rollCall } from "#proto/limits/quota";
import type { QuotaHome } from "./quota-home.ts";

export interface AttendancePorts {
  readonly me: Incarnation;
  readonly bus: Pick<Bus, "askWorker">;
  readonly leases: Pick<Leases, "members">;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that answer now; a shard that was lost and claimed again has another. */
  readonly homes: () => ReadonlyMap<Shard, QuotaHome>;
}

/** While somebody has not answered the roll. */
const callAgainMs = 1_000;
const lookMs = 3_000;

export class Attendance {
  readonly #ports: AttendancePorts;
  /** Being asked, by home and name. */
  readonly #asked = new Set<string>();
  #cancel: CancelTimer | undefined;
  #isLooking = false;
  #isStopped = false;

  constructor(ports: AttendancePorts) {
    this.#ports = ports;
  }

  /** A home has come: its roll may have to be called. */
  opened(): void {
    if (!this.#isLooking) this.#lookIn(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #lookIn(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel?.();
    this.#cancel = this.#ports.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { leases, homes, clock, log } = this.#ports;
    this.#isLooking = true;
    // Before the members are read: whoever joins later has had no share of a former home.
    const now = clock.monotonic();
    const concerned = [...homes()].filter(([, home]) => {
      return !home.rollCall.isOver || home.overdue(now).size > 0;
    });
    try {
      if (concerned.length > 0) this.#attend(concerned, await leases.members());
    } catch (error) {
      log.warn("quota_roll_waits", { error: String(error) });
    }
    this.#isLooking = false;
    const all = [...homes().values()];
    if (all.length === 0) return;
    this.#lookIn(all.some((home) => !home.rollCall.isOver) ? callAgainMs : lookMs);
  }

  #attend(concerned: readonly (readonly [Shard, QuotaHome])[], members: readonly Member[]): void {
    const { homes, clock, me } = this.#ports;
    const living = new Map<string, Incarnation>(members.map((m) => [m.incarnation, m.incarnation]));
    // Nobody is gone to itself, whatever others have heard of it.
    living.set(me, me);
    for (const [shard, home] of concerned) {
      if (homes().get(shard) !== home) continue;
      const { rollCall: roll } = home;
      roll.call([...living.keys()]);
      for (const name of [...roll.unheard, ...home.overdue(clock.monotonic())]) {
        const member = living.get(name);
        if (member === undefined) home.gone(name);
        else void this.#ask(shard, home, member);
      }
    }
  }

  /** Never rejects: who does not answer is asked again, until it does or is gone. */
  async #ask(shard: Shard, home: QuotaHome, member: Incarnation): Promise<void> {
    const { bus, homes, clock, log } = this.#ports;
    const name = `${shard} ${member}`;
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    try {
      const askedAt = clock.monotonic();
      const asks = readRollAnswer(await bus.askWorker(member, rollCall(shard)));
      if (homes().get(shard) !== home) return;
      home.rolled(member, asks, { askedAt, now: clock.monotonic() });
    } catch (error) {
      log.debug("quota_roll_unanswered", { shard, member, error: String(error) });
    } finally {
      this.#asked.delete(name);
    }
  }
}
