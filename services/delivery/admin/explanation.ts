/** Where each unit of a message stands, and what it waits for. */
import type { Destination, QueueId, Uid } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import type { LogEntry } from "#lib/stream/stream";
import type { AdminAnswer } from "#proto/admin";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { ExplainedUnit, Standing } from "#proto/operator/standing";
import { UndecodableRecord } from "#proto/record";
import { decodeUnit } from "#proto/unit";
import type { WorkerPorts } from "../ports.ts";
import { isMeant } from "../shard/commands.ts";
import type { ShardOwner } from "../shard/owner.ts";
import { type FoundUnit, listed, unitsOf } from "./listing.ts";
import { backlogReason, laneReason, wheelReason } from "./reasons.ts";
import { oneInMemory } from "./summary.ts";
import { waitOf } from "./waits.ts";

export interface ExplanationPorts {
  readonly store: Store;
  readonly attempts: Pick<WorkerPorts["attempts"], "tryingAt">;
  readonly dispatcher: Pick<WorkerPorts["dispatcher"], "standstill">;
}

export async function explainMessage(
  owners: readonly ShardOwner[],
  id: QueueId | Uid,
  ports: ExplanationPorts,
): Promise<AdminAnswer<"queue.explain">> {
  const { found, ...rest } = await unitsOf(owners, id, ports.store);
  const known = found.map((each): ExplainedUnit => {
    return { unit: each.unit, standing: standingOf(each, ports) };
  });
  const seen = new Set(found.map(({ unit }) => unit.uid));
  const suspects = owners.flatMap((owner) =>
    owner.suspects.flatMap((entry) => suspectUnit(owner, entry, { id, seen })),
  );
  const units = [...known, ...suspects].sort((a, b) => (a.unit.uid < b.unit.uid ? -1 : 1));
  const waitedFor = new Map<Destination, ShardOwner>();
  for (const { owner, unit } of found) waitedFor.set(unit.destination, owner);
  const destinations = [...waitedFor].map(([name, owner]) => oneInMemory(owner, name));
  return { units, destinations, ...rest };
}

function standingOf({ owner, unit }: FoundUnit, ports: ExplanationPorts): Standing {
  switch (unit.state) {
    case "inFlight":
      return inHand(unit, ports);
    case "ready":
      return inLane(owner, unit, ports) ?? { place: "writing" };
    case "deferred":
      return { place: "wheel", reason: wheelReason(unit, owner.now.wall) };
    case "backlog":
      return { place: "backlog", reason: backlogReason(owner.working.known(unit.destination)) };
  }
}

function inHand({ uid }: ListedUnit, { attempts }: ExplanationPorts): Standing {
  const trying = attempts.tryingAt(uid);
  if (trying === undefined) return { place: "writing" };
  const { host } = trying;
  if (host === undefined) return { place: "trying" };
  return { place: "trying", host: `${host.name}[${host.address}]` };
}

/** Undefined: it is in no lane any more, and on its way to the store. */
function inLane(
  { working, now }: ShardOwner,
  { uid, destination }: ListedUnit,
  { dispatcher }: ExplanationPorts,
): Standing | undefined {
  const queue = working.known(destination);
  for (const lane of queue?.lanes ?? []) {
    let ahead = 0;
    for (const { unit } of lane.units) {
      if (unit.uid === uid && queue !== undefined) {
        const wait = waitOf(lane, now);
        const reason = laneReason(queue, lane, dispatcher);
        return { place: "lane", reason, ahead, ...(wait === undefined ? {} : { wait }) };
      }
      ahead += 1;
    }
  }
  return undefined;
}

/** None when it is not meant, or known from elsewhere, or nobody can read it. */
function suspectUnit(
  { shard }: ShardOwner,
  { uid, unit: read, record }: LogEntry,
  { id, seen }: { readonly id: QueueId | Uid; readonly seen: ReadonlySet<Uid> },
): readonly ExplainedUnit[] {
  if (seen.has(uid) || !(uid === id || uid.startsWith(`${id}.`))) return [];
  try {
    const unit = read ?? decodeUnit(record);
    if (!isMeant(unit, { id })) return [];
    const told: ListedUnit = { ...listed(shard, unit, {}), state: "ready", attempts: 0 };
    return [{ unit: told, standing: { place: "suspect", reason: "store" } }];
  } catch (error) {
    // It is parked when it is looked up.
    if (error instanceof UndecodableRecord) return [];
    throw error;
  }
}
