/**
 * What a shard has of limits while it is owned, from one owner to the next: its own counts, and the
 * home of those limits whose key belongs to it (ADR 0012 §7, 0013 §7).
 */
import type { Lease } from "#lib/leases/leases";
import type { Demand } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import type { Shard } from "#lib/queue/unit";
import type { Log } from "#lib/telemetry/log";
import {
  decodeHandedLimits,
  encodeHandedLimits,
  type HandedLimits,
} from "#proto/limits/handed-limits";
import { UndecodableRecord } from "#proto/record";
import { QuotaHome } from "./quota-home.ts";

export interface ShardLimits {
  readonly counts: LimitTable;
  readonly home: QuotaHome;
}

/**
 * The most that one decision costs: so much may have gone unseen before a crash. A unit has up to a
 * hundred recipients; in how many transactions it goes is not known here, and counts as one: a minute
 * of standing still for each that it might have had is too much for what is seldom.
 */
const demandMax: Demand = {
  newConnections: 1,
  messages: 1,
  recipients: 100,
  bytes: 25 * 1024 * 1024,
};

interface Opening {
  readonly shard: Shard;
  readonly log: Log;
  readonly now: number;
}

/** By what the lease said when it was claimed. */
export function openedBy(lease: Lease | undefined, opening: Opening): ShardLimits {
  const { now } = opening;
  if (lease === undefined) return { counts: new LimitTable(), home: QuotaHome.first(now) };
  const { counts, home } = handedBy(lease, opening);
  const crash = { at: now, demandMax };
  return {
    counts: counts === undefined ? new LimitTable(crash) : LimitTable.restored(counts, now),
    home: home === undefined ? QuotaHome.afterCrash(now) : QuotaHome.restored(home, now),
  };
}

/** When it is told with the release of the shard. */
export function toHandOver({ counts, home }: ShardLimits, now: number): Uint8Array | undefined {
  return encodeHandedLimits({ counts: counts.snapshot(now), home: home.book(now) });
}

/** What stands in a lease that somebody had until now is older than what he did. */
function handedBy({ owner, checkpoint }: Lease, { shard, log }: Opening): HandedLimits {
  if (owner !== undefined || checkpoint?.limits === undefined) return {};
  try {
    return decodeHandedLimits(checkpoint.limits);
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    log.warn("handed_limits_unreadable", { shard, error: error.message });
    return {};
  }
}
