/** Destinations as an operator sees them: whether they may be tried, and what waits for them. */
import { isScheduled } from "#lib/queue/schedule";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import { listLimitMax } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { ShardOwner } from "../shard/owner.ts";
import { storedOf } from "./listing.ts";
import { type Now, waitsOf } from "./waits.ts";

/** A count that is not complete is better than one that comes too late. */
const withinMs = 1_000;

/** Units that wait for a time of their own, and those of them that wait for their senders'. */
interface InWheel {
  readonly deferred: number;
  readonly scheduled: number;
}

interface Deferred {
  readonly counts: ReadonlyMap<Destination, InWheel>;
  /** There may be more. */
  readonly isPartial: boolean;
}

export async function summarize(
  owners: readonly ShardOwner[],
  only: Destination | undefined,
  store: Store,
): Promise<readonly DestinationSummary[]> {
  const lists = await Promise.all(owners.map((owner) => ofShard(owner, only, store)));
  return lists.flat();
}

async function ofShard(
  owner: ShardOwner,
  only: Destination | undefined,
  store: Store,
): Promise<readonly DestinationSummary[]> {
  const deferred = await deferredBy(owner, only, store);
  return knownOf(owner, deferred).filter(
    ({ destination }) => only === undefined || destination === only,
  );
}

/** Without a look into the store. */
export function summaryInMemory(owner: ShardOwner): readonly DestinationSummary[] {
  const { working } = owner;
  const counts = new Map([...working.deferred.kinds].map((name) => [name, counted(working, name)]));
  return knownOf(owner, { counts, isPartial: false });
}

/** Of each destination that is in memory, held, or has deferred units. */
function knownOf(
  owner: ShardOwner,
  { counts, isPartial }: Deferred,
): readonly DestinationSummary[] {
  const { working } = owner;
  const names = new Set<Destination>(counts.keys());
  for (const { destination } of working.destinations) names.add(destination);
  for (const destination of owner.ownHolds) names.add(destination);
  return [...names].map((destination) => {
    const told = oneInMemory(owner, destination, counts.get(destination) ?? none);
    return isPartial ? { ...told, isDeferredPartial: true } : told;
  });
}

/** Without a look into the store. */
export function oneInMemory(
  { working, shard, now }: ShardOwner,
  destination: Destination,
  inWheel = counted(working, destination),
): DestinationSummary {
  const known = working.known(destination);
  const counts = countsOf(inWheel);
  if (known !== undefined) return { ...summaryOf(shard, known, now), ...counts };
  const hold = working.holds.get(destination);
  return {
    destination,
    shard,
    ready: 0,
    inFlight: 0,
    sessionsMax: 0,
    backlog: 0,
    state: hold === undefined ? "open" : "held",
    ...counts,
    ...(hold === undefined ? {} : { lastError: hold.reason, since: hold.since }),
  };
}

const none: InWheel = { deferred: 0, scheduled: 0 };

function countsOf({ deferred, scheduled }: InWheel) {
  return scheduled === 0 ? { deferred } : { deferred, scheduled };
}

/** Since the takeover. */
function counted({ deferred, scheduled }: ShardOwner["working"], name: Destination): InWheel {
  return { deferred: deferred.of(name), scheduled: scheduled.of(name) };
}

/** What was counted since the takeover, and a look at the first in the store: counting all would be a scan. */
async function deferredBy(
  { shard, working, now }: ShardOwner,
  only: Destination | undefined,
  store: Store,
): Promise<Deferred> {
  const filter = {
    limit: listLimitMax,
    withinMs,
    ...(only === undefined ? {} : { destination: only }),
  };
  // While the store is away what was counted is still worth to be told.
  const { units, next, why } = await storedOf(store.list(shard, filter));
  const counts = new Map<Destination, InWheel>();
  for (const { unit, place } of units) {
    if (place.kind !== "wheel" || working.unit(unit.uid) !== undefined) continue;
    const { deferred, scheduled } = counts.get(unit.destination) ?? none;
    const ofSender = isScheduled(unit, now.wall) ? 1 : 0;
    counts.set(unit.destination, { deferred: deferred + 1, scheduled: scheduled + ofSender });
  }
  for (const name of working.deferred.kinds) {
    counts.set(name, larger(counts.get(name) ?? none, counted(working, name)));
  }
  return { counts, isPartial: why !== undefined || next !== undefined };
}

function larger(a: InWheel, b: InWheel): InWheel {
  return {
    deferred: Math.max(a.deferred, b.deferred),
    scheduled: Math.max(a.scheduled, b.scheduled),
  };
}

function summaryOf(
  shard: Shard,
  queue: DestinationQueue,
  now: Now,
): Omit<DestinationSummary, "deferred" | "scheduled"> {
  const { hold, down, backlogs, lastError } = queue;
  const waits = waitsOf(queue, now);
  const provider = queue.located?.site.provider;
  const why = hold?.reason ?? lastError;
  const since = hold?.since ?? down?.since;
  return {
    destination: queue.destination,
    shard,
    state: hold !== undefined ? "held" : down !== undefined ? "down" : "open",
    ready: queue.readyCount,
    inFlight: queue.running,
    sessionsMax: queue.window,
    backlog: backlogs.waiting,
    ...(down === undefined ? {} : { nextRetryAt: down.until }),
    ...(why === undefined ? {} : { lastError: why }),
    ...(since === undefined ? {} : { since }),
    ...(provider === undefined ? {} : { provider }),
    ...(waits.length === 0 ? {} : { waits }),
  };
}
