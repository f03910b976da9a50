/** A cluster on this machine: three NATS, one Cassandra, one edge, workers, one control process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import manifest from "../../../package.json" with { type: "json" };
import { cassandraMissing } from "../../../test/support/servers/toolchain/cassandra-jars.ts";
import { Cluster } from "../../cluster/cluster.ts";
import { storeWrites } from "../cluster/store-writes.ts";
import { StreamsWatch, storedStreams } from "../cluster/streams-state.ts";
import {
  type Contestant,
  type Destinations,
  domains,
  type Roles,
  type Running,
  type Stored,
  warmUp,
} from "./contestant.ts";

const nats = 3;
const idleMax = 10_000;
/** What a month of growth has room for, on each server. */
const shardBytesMax = "1GiB";

export interface ClusterSize {
  readonly shards: number;
  readonly workers: number;
}

/** `delivery`: further keys of the workers' configuration: `retry: { first: 1s }`. */
export function cluster(size: ClusterSize, delivery: readonly string[] = []): Contestant {
  return {
    name: "cluster",
    durability: "synced",
    idleMax,
    share: 1,
    warmUpMessages: warmUp.compiledLate,
    missing: async () => cassandraMissing(),
    version: async () => manifest.version,
    // An edge without a certificate makes one.
    start: (destinations) => RunningCluster.start(destinations, size, delivery),
  };
}

export class RunningCluster implements Running {
  readonly cluster: Cluster;
  readonly endpoint: Running["endpoint"];
  readonly #folder: string;
  readonly #shards: number;

  static async start(
    { up, down }: Destinations,
    size: ClusterSize,
    delivery: readonly string[] = [],
  ): Promise<RunningCluster> {
    const folder = await mkdtemp(join(tmpdir(), "godwit-bench-cluster-"));
    try {
      const started = await Cluster.start({
        folder,
        edges: 1,
        workers: size.workers,
        controls: 1,
        nats,
        cassandra: 1,
        shards: size.shards,
        shardBytesMax,
        nextHop: up,
        delivery,
        exceptions: [domains.down, `*.${domains.down}`].map((domain) => ({
          domain,
          nextHop: down,
        })),
        told: (text) => void (text.startsWith("Starting") && process.stderr.write(text)),
      });
      return new RunningCluster(started, folder, size.shards);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(started: Cluster, folder: string, shards: number) {
    this.cluster = started;
    this.#folder = folder;
    this.#shards = shards;
    const smtp = started.ofRole("edge")[0]?.smtp;
    if (smtp === undefined) throw new Error("Cannot measure: there is no edge");
    this.endpoint = smtp;
  }

  roles(): Roles {
    const pidsOf = (role: "edge" | "delivery" | "control") =>
      this.cluster.ofRole(role).flatMap(({ node }) => node.pid ?? []);
    return {
      edge: pidsOf("edge"),
      worker: pidsOf("delivery"),
      NATS: this.cluster.nats.pids,
      Cassandra: this.cluster.cassandra.pids,
      control: pidsOf("control"),
    };
  }

  async takeover(): Promise<number> {
    const [worker] = this.cluster.ofRole("delivery");
    if (worker === undefined) throw new Error("Cannot measure: there is no worker");
    const before = claimsIn(await Bun.file(worker.logFile).text()).length;
    await worker.node.kill();
    await worker.node.start();
    const deadline = systemClock.monotonic() + takeoverMaxMs;
    for (;;) {
      const claims = claimsIn(await Bun.file(worker.logFile).text()).slice(before);
      if (claims.length >= this.#shards) return Math.max(...claims);
      if (systemClock.monotonic() > deadline) throw new Error("Cannot measure: shards stay free");
      await systemClock.sleep(lookAgainMs);
    }
  }

  async caughtUp(): Promise<void> {
    const watch = await StreamsWatch.open(this.cluster.nats.servers, this.#shards);
    try {
      const deadline = systemClock.monotonic() + caughtUpMaxMs;
      while ((await watch.look()).logs.messages > unreadMax) {
        if (systemClock.monotonic() > deadline) throw new Error("Cannot measure: mail is unread");
        await systemClock.sleep(lookAgainMs);
      }
    } finally {
      await watch.close();
    }
  }

  async stored(): Promise<readonly Stored[]> {
    const watch = await StreamsWatch.open(this.cluster.nats.servers, this.#shards);
    try {
      return storedStreams(await watch.look());
    } finally {
      await watch.close();
    }
  }

  storeWrites(): Promise<Readonly<Record<string, number>>> {
    return storeWrites(this.cluster.cassandra);
  }

  /** Of the edge and the worker, one after the other. */
  async log(): Promise<string> {
    const roles = this.cluster.roles.filter(({ role }) => role !== "control");
    const texts = roles.map(({ logFile }) => Bun.file(logFile).text());
    return (await Promise.all(texts)).map((text) => text.slice(-logTailMax)).join("\n");
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const logTailMax = 1_500;
/** Others may claim 30 s after a worker was last heard of, and a full store takes its time. */
const takeoverMaxMs = 180_000;
/** A million units take a store on two shared cores a quarter of an hour. */
const caughtUpMaxMs = 3_600_000;
/** Logs are purged in steps. */
const unreadMax = 1_000;
const lookAgainMs = 500;

/** Milliseconds of each, as the worker tells them. */
function claimsIn(log: string): readonly number[] {
  return [...log.matchAll(/"event":"shard_claimed".*"duration_ms":(\d+)/g)].map(([, ms]) =>
    Number(ms),
  );
}
