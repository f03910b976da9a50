/** The state of the cluster as its leases, its logs and its workers tell it. */
import type { Lease, Standing } from "#lib/leases/leases";
import { allShards, ownerOf } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";

export interface WorkerStatus {
  readonly name: Incarnation;
  readonly standing: Standing;
  readonly silentMs: number;
  readonly shards: number;
}

export interface ShardStatus {
  readonly shard: Shard;
  /** Absent: nobody's. */
  readonly owner?: Incarnation;
  readonly epoch?: number;
  /** Up to where the log is settled, as the last checkpoint has it. */
  readonly floor: number;
  /** The last sequence of its log; absent when it cannot be told now. */
  readonly end?: number;
  /** Between the two: units on their way, or not read yet. */
  readonly lag?: number;
  /**
   * `owned`: its owner is who should have it. `moving`: waits for its owner to hand it over to
   * `waitsFor`. `orphaned`: its owner is not heard of, and `waitsFor` takes it over. `free`: nobody
   * has it yet.
   */
  readonly state: "owned" | "moving" | "orphaned" | "free";
  readonly waitsFor?: Incarnation;
}

export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[];
  readonly shards: readonly ShardStatus[];
}

export interface StatusPorts extends Pick<OperatorsPorts, "shards" | "leases" | "stream"> {
  readonly log: Log;
}

export async function clusterStatus(ports: StatusPorts): Promise<ClusterStatus> {
  const { leases } = ports;
  const members = await leases.members();
  const living = members.map(({ incarnation }) => incarnation);
  const staying = members.filter(({ standing }) => standing === "staying");
  const wanted = staying.map(({ incarnation }) => incarnation);
  const shards = await Promise.all(
    allShards(ports.shards).map(async (shard) => {
      const [lease, end] = await Promise.all([leases.read(shard), endOf(shard, ports)]);
      const heir = ownerOf(shard, wanted);
      return { ...known(shard, lease, end), ...stateOf(lease?.owner, heir, living) };
    }),
  );
  const workers = members.map(({ incarnation, standing, silentMs }) => ({
    name: incarnation,
    standing,
    silentMs: Math.round(silentMs),
    shards: shards.filter(({ owner }) => owner === incarnation).length,
  }));
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

function known(shard: Shard, lease: Lease | undefined, end: number | undefined) {
  const floor = lease?.checkpoint?.floor ?? 0;
  return {
    shard,
    floor,
    ...(lease?.owner === undefined ? {} : { owner: lease.owner }),
    ...(lease === undefined ? {} : { epoch: lease.epoch }),
    ...(end === undefined ? {} : { end, lag: Math.max(0, end - floor) }),
  };
}

function stateOf(
  owner: Incarnation | undefined,
  heir: Incarnation | undefined,
  living: readonly Incarnation[],
): Pick<ShardStatus, "state" | "waitsFor"> {
  if (owner !== undefined && owner === heir) return { state: "owned" };
  const waitsFor = heir === undefined ? {} : { waitsFor: heir };
  if (owner === undefined) return { state: "free", ...waitsFor };
  return { state: living.includes(owner) ? "moving" : "orphaned", ...waitsFor };
}
