/** What owners say about their shards now. */
import type { Bus } from "#lib/leases/bus";
import type { Shard } from "#lib/queue/unit";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import { adminRequest, BadAdminMessage, readAdminAnswer, type ShardCondition } from "#proto/admin";

export interface Conditions {
  /** By shard, from who answered for it. */
  readonly told: ReadonlyMap<Shard, ShardCondition & { readonly from: Incarnation }>;
  /** Those who said what they have. */
  readonly answered: ReadonlySet<Incarnation>;
  /** Those who said nothing, and why; whoever says that it cannot answer is not one of them. */
  readonly silent: ReadonlyMap<Incarnation, string>;
}

/** Never rejects: without answers the leases tell what they can. */
export async function askConditions({
  bus,
  log,
}: Pick<OperatorsPorts, "bus"> & { readonly log: Log }): Promise<Conditions> {
  const told = new Map<Shard, ShardCondition & { readonly from: Incarnation }>();
  const answered = new Set<Incarnation>();
  const silent = new Map<Incarnation, string>();
  for (const { from, value } of await said(bus, log, silent)) {
    try {
      for (const condition of readAdminAnswer("shard.status", value).shards) {
        const known = told.get(condition.shard);
        if (known === undefined || known.epoch < condition.epoch) {
          told.set(condition.shard, { ...condition, from });
        }
      }
      answered.add(from);
    } catch (error) {
      if (!(error instanceof BadAdminMessage)) throw error;
      log.warn("admin_answer_unreadable", { from, error });
    }
  }
  return { told, answered, silent };
}

/** Notes those who say nothing. */
async function said(bus: Bus, log: Log, silent: Map<Incarnation, string>) {
  try {
    const asked = await bus.askAll(adminRequest("shard.status", {}));
    for (const { from, reason, silentMs } of asked.silent) {
      // Whoever fails is there; an older version does not know the question.
      if (silentMs !== undefined) silent.set(from, reason);
    }
    return asked.answers;
  } catch (error) {
    log.warn("workers_not_asked", { error: String(error) });
    return [];
  }
}
