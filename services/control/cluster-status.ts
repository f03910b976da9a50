/** The state of the cluster as its leases, its logs and its workers tell it. */
import type { Lease, Member, Standing } from "#lib/leases/leases";
import { heartbeatValidMs } from "#lib/leases/membership";
import { allShards, ownerOf } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import { askConditions, type Conditions } from "./conditions.ts";

export interface WorkerStatus {
  readonly name: Incarnation;
  readonly standing: Standing;
  /** Since its last heartbeat that was heard. */
  readonly silentMs: number;
  readonly shards: number;
  /** Absent: it answers. */
  readonly unanswered?: string;
}

export interface ShardStatus {
  readonly shard: Shard;
  /** Absent: nobody's. */
  readonly owner?: Incarnation;
  readonly epoch?: number;
  /** Up to where the log is settled, as its owner says, or else the last checkpoint. */
  readonly floor: number;
  /** The last sequence of its log; absent when it cannot be told now. */
  readonly end?: number;
  /** Between the two: units on their way, or not read yet. */
  readonly lag?: number;
  /** Units that its owner has in memory; absent when that does not answer. */
  readonly unsettled?: number;
  /**
   * `owned`: its owner is who should have it. `heldUp`: the same, but it cannot go on. `takingOver`:
   * its owner has claimed it, and reads what the last one left. `moving`: waits for its owner to hand
   * it over to `waitsFor`. `silent`: its owner says nothing; `waitsFor` may claim it in `waitsMs`.
   * `orphaned`: its owner is not heard of any more, and `waitsFor` takes it over. `free`: nobody has
   * it yet.
   */
  readonly state: "owned" | "heldUp" | "takingOver" | "moving" | "silent" | "orphaned" | "free";
  readonly waitsFor?: Incarnation;
  readonly waitsMs?: number;
  /** What it is held up by. */
  readonly reason?: string;
}

export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[];
  readonly shards: readonly ShardStatus[];
}

export interface StatusPorts extends Pick<OperatorsPorts, "shards" | "leases" | "stream" | "bus"> {
  readonly log: Log;
}

export async function clusterStatus(ports: StatusPorts): Promise<ClusterStatus> {
  const { leases } = ports;
  const [members, conditions] = await Promise.all([leases.members(), askConditions(ports)]);
  const staying = members.filter(({ standing }) => standing === "staying");
  const shards = await Promise.all(
    allShards(ports.shards).map(async (shard) => {
      const [lease, end] = await Promise.all([leases.read(shard), endOf(shard, ports)]);
      const wanted = staying.filter(({ incarnation }) => !conditions.silent.has(incarnation));
      const heirs = (wanted.length === 0 ? staying : wanted).map(({ incarnation }) => incarnation);
      const owner = members.find(({ incarnation }) => incarnation === lease?.owner);
      const state = stateOf({ shard, lease, owner, heir: ownerOf(shard, heirs) }, conditions);
      return { ...known(shard, { lease, end }, conditions), ...state };
    }),
  );
  const workers = members.map(({ incarnation, standing, silentMs }) => {
    const unanswered = conditions.silent.get(incarnation);
    return {
      name: incarnation,
      standing,
      silentMs: Math.round(silentMs),
      shards: shards.filter(({ owner }) => owner === incarnation).length,
      ...(unanswered === undefined ? {} : { unanswered }),
    };
  });
  return { workers: workers.sort((a, b) => (a.name < b.name ? -1 : 1)), shards };
}

/** A log without a leader has no end to tell. */
async function endOf(shard: Shard, { stream, log }: StatusPorts): Promise<number | undefined> {
  try {
    return await stream.end(shard);
  } catch (error) {
    log.warn("log_end_unknown", { shard, error: String(error) });
    return undefined;
  }
}

function known(
  shard: Shard,
  { lease, end }: { lease: Lease | undefined; end: number | undefined },
  { told }: Conditions,
) {
  const condition = told.get(shard);
  const isOwners = condition !== undefined && condition.from === lease?.owner;
  const checkpointed = lease?.checkpoint?.floor ?? 0;
  const floor = isOwners ? Math.max(condition.floor, checkpointed) : checkpointed;
  return {
    shard,
    floor,
    ...(lease?.owner === undefined ? {} : { owner: lease.owner }),
    ...(lease === undefined ? {} : { epoch: lease.epoch }),
    ...(end === undefined ? {} : { end, lag: Math.max(0, end - floor) }),
    ...(isOwners ? { unsettled: condition.unsettled } : {}),
  };
}

interface Owned {
  readonly shard: Shard;
  readonly lease: Lease | undefined;
  /** As the heartbeats tell of the owner, when they do. */
  readonly owner: Member | undefined;
  /** Who should have it. */
  readonly heir: Incarnation | undefined;
}

function stateOf(
  { shard, lease, owner, heir }: Owned,
  { told, answered, silent }: Conditions,
): Pick<ShardStatus, "state" | "waitsFor" | "waitsMs" | "reason"> {
  const waitsFor = heir === undefined ? {} : { waitsFor: heir };
  const name = lease?.owner;
  if (name === undefined) return { state: "free", ...waitsFor };
  if (owner === undefined) return { state: "orphaned", ...waitsFor };
  if (silent.has(name)) {
    const waitsMs = Math.max(0, Math.round(heartbeatValidMs - owner.silentMs));
    return { state: "silent", ...(heir === name ? {} : waitsFor), waitsMs };
  }
  const condition = told.get(shard);
  const isOwners = condition?.from === name;
  if (name !== heir || (isOwners && condition?.isLeaving)) return { state: "moving", ...waitsFor };
  if (answered.has(name) && !isOwners) return { state: "takingOver" };
  const reason = isOwners ? condition?.heldUpBy : undefined;
  return reason === undefined ? { state: "owned" } : { state: "heldUp", reason };
}
