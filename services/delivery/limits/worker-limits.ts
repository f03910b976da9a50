/**
 * The limits of one incarnation of the worker (ADR 0012, 0013): who wants to send asks here, and is
 * called when it is worth asking again.
 */
import { assert } from "#lib/assert";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Lease } from "#lib/leases/leases";
import { type Acquired, acquire, type BoundLimit, boundTo, type Permit } from "#lib/limits/acquire";
import { type CountedLimit, type Demand, isShared, type Subject } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import type { Shard } from "#lib/queue/unit";
import type { DeliveryMetrics } from "../metrics.ts";
import { WaitingLines } from "./waiting-lines.ts";

export type Refused = Extract<Acquired, { readonly kind: "refused" }>;

export interface Wish {
  /** Of one decision; what was refused. */
  readonly demand: Demand;
  /** How many such could go within about a second: the more, the more of a shared limit comes here. */
  readonly times: number;
}

export interface WorkerLimitsPorts {
  readonly clock: Clock;
  readonly metrics: Pick<DeliveryMetrics, "limitRefused">;
}

/** The most that one decision costs: what a crash may have spent unseen. */
const demandMax: Demand = {
  newConnections: 1,
  messages: 1,
  recipients: 1_000,
  bytes: 25 * 1024 * 1024,
};

/** Of a shard that is not owned any more: whoever asks late is refused. */
const closedTable = new LimitTable();
closedTable.close();

export class WorkerLimits {
  readonly #ports: WorkerLimitsPorts;
  readonly #lines: WaitingLines;
  readonly #tables = new Map<Shard, LimitTable>();
  readonly #shared = new LimitTable();

  constructor(ports: WorkerLimitsPorts) {
    this.#ports = ports;
    this.#lines = new WaitingLines(ports.clock);
  }

  /** A shard was claimed by what its lease said before: its limits go on where they stood. */
  open(shard: Shard, lease: Lease | undefined): void {
    this.close(shard);
    const at = this.#ports.clock.monotonic();
    this.#tables.set(shard, new LimitTable(lease === undefined ? undefined : { at, demandMax }));
  }

  /** The shard is another's, or nobody's: nothing of it goes any more. */
  close(shard: Shard): void {
    const table = this.#tables.get(shard);
    if (table === undefined) return;
    this.#tables.delete(shard);
    table.close();
    this.#lines.drop(table);
  }

  /**
   * Those limits that apply to a subject of this shard. To be bound anew when limits or the
   * subject's provider change.
   */
  bind(shard: Shard, limits: readonly CountedLimit[], subject: Subject): readonly BoundLimit[] {
    const table = this.#tables.get(shard) ?? closedTable;
    const shared = boundTo(this.#shared, limits.filter(isShared), subject);
    return [...table.bind(limits, subject), ...shared];
  }

  /** All at once: what is refused has cost nothing. */
  acquire(bound: readonly BoundLimit[], demand: Demand): Acquired {
    const acquired = acquire(bound, demand, this.#ports.clock.monotonic());
    if (acquired.kind === "refused") {
      const { limit } = acquired.binding;
      this.#ports.metrics.limitRefused(limit.kind, isShared(limit));
      return acquired;
    }
    if (this.#lines.size > 0) {
      for (const { limit, key } of bound) this.#lines.spent(key, demand[limit.kind] ?? 0);
    }
    return acquired;
  }

  /** Wakes who waits for what it held. */
  release(permit: Permit): void {
    for (const key of permit.release(this.#ports.clock.monotonic())) this.#lines.look(key);
  }

  /** What is open counts under the limits that apply now, even above them. */
  rebind(permit: Permit, bound: readonly BoundLimit[]): void {
    for (const key of permit.rebind(bound, this.#ports.clock.monotonic())) this.#lines.look(key);
  }

  /** Its session is not to be used again after the transaction that runs. */
  excess(permit: Permit): boolean {
    return permit.isExcess(this.#ports.clock.monotonic());
  }

  /**
   * After a refusal. Calls `wake` once, when it is worth asking again: a time has come, a permit was
   * released, a share has come; never before this returns. Those that wait for the same are woken in
   * turn, as many as can go; whoever does not want any more when it is woken need do nothing. The
   * result ends the wait. When the shard is closed nobody is woken.
   */
  whenWorthAsking(
    { binding }: Pick<Refused, "binding">,
    wish: Wish,
    wake: () => void,
  ): CancelTimer {
    const cost = wish.demand[binding.limit.kind] ?? 0;
    assert(cost > 0 && wish.times > 0, "only what is demanded is refused");
    return this.#lines.wait({ bound: binding, cost, wanted: cost * wish.times, wake });
  }

  /** Limits have changed: all who wait are woken, to bind and ask anew. */
  wakeAll(): void {
    this.#lines.wakeAll();
  }

  /** The incarnation is over. */
  stop(): void {
    for (const shard of [...this.#tables.keys()]) this.close(shard);
    this.#lines.stop();
  }
}
