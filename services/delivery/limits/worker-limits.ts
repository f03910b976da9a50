/**
 * The limits of one incarnation of the worker (ADR 0012, 0013): who wants to send asks here, and is
 * called when it is worth asking again.
 */
import { assert } from "#lib/assert";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Bus, BusHandler } from "#lib/leases/bus";
import type { Lease, Leases } from "#lib/leases/leases";
import {
  type Acquired,
  acquire,
  type BoundLimit,
  type Permit,
  type Spent,
} from "#lib/limits/acquire";
import { type CountedLimit, type Demand, isShared, type Subject } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import { allShards } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Tenure } from "../tenure.ts";
import { Attendance } from "./attendance.ts";
import { type LimitState, stateOf } from "./limit-state.ts";
import { Questions } from "./questions.ts";
import { QuotaAnswers } from "./quota-answers.ts";
import { openedBy, type ShardLimits, toHandOver } from "./shard-limits.ts";
import { Shares } from "./shares.ts";
import { WaitingLines } from "./waiting-lines.ts";

export type Refused = Extract<Acquired, { readonly kind: "refused" }>;

export interface Wish {
  /** Of one decision; what was refused. */
  readonly demand: Demand;
  /**
   * How many such could go within about a second: the more, the more of a shared limit comes here,
   * and the less is left for others.
   */
  readonly times: number;
  /**
   * Called when nobody waits before it, and it is not woken yet: what else it will need can be made
   * ready. Maybe never, maybe more than once.
   */
  readonly isNext?: () => void;
}

export interface WorkerLimitsPorts {
  readonly me: Incarnation;
  readonly config: { readonly shards: number };
  readonly bus: Bus;
  readonly leases: Pick<Leases, "members">;
  readonly tenure: Pick<Tenure, "isSure">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<DeliveryMetrics, "limitRefused" | "sharesAsked" | "homeSilent">;
  /** Others want the places of connections under this key: so many that are idle are to be closed. */
  readonly closeIdle: (key: string, most: number) => void;
}

/** Of a shard that is not owned any more: whoever asks late is refused. */
const closedTable = new LimitTable();
closedTable.close();

export class WorkerLimits {
  readonly #ports: WorkerLimitsPorts;
  readonly #lines: WaitingLines;
  readonly #shards = new Map<Shard, ShardLimits>();
  readonly #questions: Questions;
  readonly #shares: Shares;
  readonly #attendance: Attendance;
  readonly #answers: QuotaAnswers;
  #closing: { readonly isClosed: () => boolean; readonly resolve: () => void }[] = [];
  #isStopped = false;

  constructor(ports: WorkerLimitsPorts) {
    const lines = new WaitingLines(ports.clock);
    const homes = () => new Map([...this.#shards].map(([shard, { home }]) => [shard, home]));
    this.#ports = ports;
    this.#lines = lines;
    this.#questions = new Questions(ports);
    this.#shares = new Shares({
      ...ports,
      shards: allShards(ports.config.shards),
      questions: this.#questions,
      waiting: (key) => lines.waiting(key),
      changed: (key) => lines.look(key),
    });
    this.#attendance = new Attendance({ ...ports, homes });
    this.#answers = new QuotaAnswers({
      ...ports,
      shares: this.#shares,
      homeOf: (shard) => this.#shards.get(shard)?.home,
    });
  }

  /** Limits for which somebody waits, and such as are shared and in use. */
  get size(): { readonly waitedFor: number; readonly shared: number } {
    return { waitedFor: this.#lines.size, shared: this.#shares.size };
  }

  /** Homes that did not answer their last question. */
  get silentHomes(): number {
    return this.#questions.silentHomes;
  }

  /** A shard was claimed, by what its lease said before: its limits go on where they stood. */
  open(shard: Shard, lease: Lease | undefined): void {
    if (this.#isStopped) return;
    this.close(shard);
    const { clock, log } = this.#ports;
    this.#shards.set(shard, openedBy(lease, { shard, log, now: clock.monotonic() }));
    this.#attendance.opened();
  }

  /**
   * The shard is to be given away: nothing new goes under its own limits, and its sessions are excess.
   * Its home answers until the end.
   */
  leave(shard: Shard): void {
    this.#shards.get(shard)?.counts.close();
  }

  /** Resolves when no connection is counted under the shard's own limits. */
  whenClosed(shard: Shard): Promise<void> {
    const isClosed = () => (this.#shards.get(shard)?.counts.open ?? 0) === 0;
    if (isClosed()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing.push({ isClosed, resolve });
    return promise;
  }

  /** Ends it, and tells the next owner where its limits stand; undefined when that is too large. */
  handOver(shard: Shard): Uint8Array | undefined {
    const limits = this.#shards.get(shard);
    this.close(shard);
    return limits && toHandOver(limits, this.#ports.clock.monotonic());
  }

  /** The shard is another's, or nobody's: nothing of it goes any more, its home answers no more. */
  close(shard: Shard): void {
    const limits = this.#shards.get(shard);
    if (limits === undefined) return;
    this.#shards.delete(shard);
    limits.counts.close();
    this.#lines.drop(limits.counts);
    this.#tellClosed();
  }

  /** Answers what others ask of this worker, or of its shard's home; the rest is for `otherwise`. */
  handler(otherwise: BusHandler, shard?: Shard): BusHandler {
    return this.#answers.handler(otherwise, shard);
  }

  /**
   * Those limits that apply to a subject of this shard. To be bound anew when limits or the
   * subject's provider change.
   */
  bind(shard: Shard, limits: readonly CountedLimit[], subject: Subject): readonly BoundLimit[] {
    const table = this.#shards.get(shard)?.counts ?? closedTable;
    return [...table.bind(limits, subject), ...this.#shares.table.bind(limits, subject)];
  }

  /** All at once: what is refused has cost nothing. */
  acquire(bound: readonly BoundLimit[], demand: Demand): Acquired {
    const acquired = acquire(bound, demand, this.#ports.clock.monotonic());
    const isGranted = acquired.kind === "granted";
    for (const each of bound) {
      const cost = demand[each.limit.kind] ?? 0;
      if (cost === 0) continue;
      if (isGranted) this.#lines.spent(each.key, cost);
      if (each.counts !== this.#shares.table) continue;
      if (isGranted) this.#shares.spent(each, cost);
      else this.#shares.wished(each, cost);
    }
    if (acquired.kind === "refused") {
      const { limit } = acquired.binding;
      this.#ports.metrics.limitRefused(limit.kind, isShared(limit));
    }
    return acquired;
  }

  /** Wakes who waits for what it held. */
  release(permit: Permit): void {
    const keys = permit.release(this.#ports.clock.monotonic());
    for (const key of keys) this.#lines.look(key);
    this.#shares.closed(keys);
    if (this.#closing.length > 0) this.#tellClosed();
  }

  /** What was granted is not used: others may go instead. */
  giveBackSpent(spent: Spent): void {
    for (const key of spent.giveBack(this.#ports.clock.monotonic())) this.#lines.look(key);
  }

  /** What is open counts under the limits that apply now, even above them. */
  rebind(permit: Permit, bound: readonly BoundLimit[]): void {
    for (const key of permit.rebind(bound, this.#ports.clock.monotonic())) this.#lines.look(key);
    for (const each of bound) {
      const isHeld = each.limit.kind === "connections" && each.counts === this.#shares.table;
      if (isHeld) this.#shares.counted(each);
    }
  }

  /** Its session is not to be used again after the transaction that runs. */
  excess(permit: Permit): boolean {
    return permit.isExcess(this.#ports.clock.monotonic());
  }

  /** How many wait for its place: under the key for which most do. */
  waitingFor(permit: Permit): number {
    if (this.#lines.size === 0) return 0;
    return Math.max(0, ...permit.keys.map((key) => this.#lines.lengthOf(key)));
  }

  /**
   * After a refusal. Calls `wake` once, when it is worth asking again: a time has come, a permit was
   * released, a share has come; never before this returns. Those that wait for the same are woken in
   * turn, as many as can go; whoever does not want any more when it is woken need do nothing. The
   * result ends the wait. When the shard is closed nobody is woken.
   */
  whenWorthAsking(
    { binding, bound }: Pick<Refused, "binding" | "bound">,
    wish: Wish,
    wake: () => void,
  ): CancelTimer {
    const cost = wish.demand[binding.limit.kind] ?? 0;
    assert(cost > 0 && wish.times > 0, "only what is demanded is refused");
    // When it goes at last it needs the others, too: their shares are asked for meanwhile.
    for (const each of bound) {
      const other = wish.demand[each.limit.kind] ?? 0;
      const isShare = each.counts === this.#shares.table && each !== binding;
      if (isShare && other > 0) this.#shares.wished(each, other, wish.times);
    }
    const { isNext } = wish;
    return this.#lines.wait({ bound: binding, cost, wanted: cost * wish.times, isNext, wake });
  }

  /** Keys under which no further connection may be opened now. */
  fullOf(bound: readonly BoundLimit[]): readonly string[] {
    const now = this.#ports.clock.monotonic();
    const full = bound.filter(
      (each) => each.limit.kind === "connections" && each.counts.earliest(each, 1, now) > now,
    );
    return full.map(({ key }) => key);
  }

  /** Limits have changed: all who wait are woken, to bind and ask anew. */
  wakeAll(): void {
    this.#lines.wakeAll();
  }

  /** Where a limit stands now, for `explain`. */
  explain(bound: BoundLimit): LimitState {
    const { clock } = this.#ports;
    const [lines, shares, questions] = [this.#lines, this.#shares, this.#questions];
    return stateOf(bound, { lines, shares, questions, now: clock.monotonic() });
  }

  /** The worker stops in good order: nothing is sent any more, and its shares go back. */
  giveBack(): void {
    this.#lines.stop();
    this.#shares.giveBack();
  }

  #tellClosed(): void {
    const closed = this.#closing.filter(({ isClosed }) => isClosed());
    this.#closing = this.#closing.filter((each) => !closed.includes(each));
    for (const { resolve } of closed) resolve();
  }

  /** The incarnation is over. */
  stop(): void {
    this.#isStopped = true;
    for (const shard of [...this.#shards.keys()]) this.close(shard);
    this.#lines.stop();
    this.#shares.stop();
    this.#attendance.stop();
  }
}
