/** Limits that workers share over a real NATS: questions, turns, the roll, and books that move with a lease. */
import { beforeAll, describe, expect, test } from "bun:test";
import { systemClock as clock } from "#lib/clock";
import type { Bus } from "#lib/leases/bus";
import type { Lease } from "#lib/leases/leases";
import type { Permit } from "#lib/limits/acquire";
import type { ConnectionLimit, CountedLimit, Demand, RateLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { NatsBus } from "#lib/nats/coordination/nats-bus";
import { NatsLeases } from "#lib/nats/coordination/nats-leases";
import { allShards } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import { silentLog as log } from "#lib/telemetry/log";
import { decodeHandedLimits } from "#proto/limits/handed-limits";
import { WorkerLimits } from "../../services/delivery/limits/worker-limits.ts";
import { noMetrics } from "../../services/delivery/metrics.ts";
import { type TemporaryCluster, temporaryCluster } from "../conformance/cluster.ts";
import { SentLog } from "../support/limits/sent-log.ts";
import { Lane } from "../support/limits/world/lane.ts";
import { incarnation, shard } from "../support/records.ts";
import { sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const shards = 2;
const named = { name: "all", scope: ["provider"], provenance: "shaping.yaml:3" } as const;
const rate: RateLimit = { ...named, kind: "messages", rate: rateOf(200, 1_000) };
const ten: ConnectionLimit = { ...named, kind: "connections", max: 10 };

class Process {
  readonly me;
  readonly limits: WorkerLimits;
  readonly leases: NatsLeases;
  readonly #bus: Bus;
  readonly #ends: (() => void)[] = [];
  readonly #served = new Map<Shard, () => void>();

  static async start(cluster: TemporaryCluster, name: string): Promise<Process> {
    const { links, names } = await cluster.open();
    const leases = await NatsLeases.open({ links, names, clock, log });
    const bus = new NatsBus({ links, names, leases, clock, log });
    const process = new Process(name, bus, leases);
    await leases.heartbeat(process.me, "staying");
    // Who is asked from now on listens already.
    await links.consume.flush();
    return process;
  }

  private constructor(name: string, bus: Bus, leases: NatsLeases) {
    const me = incarnation(`${name}/1`);
    const ports = { me, bus, leases, clock, log, metrics: noMetrics };
    this.me = me;
    this.leases = leases;
    this.#bus = bus;
    this.limits = new WorkerLimits({
      closeIdle: () => {},
      ...ports,
      config: { shards },
      tenure: { isSure: true },
    });
    const handler = this.limits.handler(nothingElse);
    this.#ends.push(bus.serveWorker({ name: me, shards: () => [], handler }));
  }

  /** By what the lease said before. */
  async own(which: Shard): Promise<Lease | undefined> {
    const lease = await this.leases.read(which);
    await this.leases.claim(which, this.me, lease?.epoch);
    this.limits.open(which, lease);
    this.#served.set(which, this.#bus.serveShard(which, this.limits.handler(nothingElse, which)));
    return lease;
  }

  async release(which: Shard): Promise<void> {
    const lease = await this.leases.read(which);
    const limits = this.limits.handOver(which);
    this.lose(which);
    if (lease === undefined || limits === undefined) throw new Error("it is owned");
    await this.leases.release(which, lease.epoch, { floor: 0, journals: [], limits });
  }

  /** It answers no more, and has told nobody. */
  lose(which: Shard): void {
    this.limits.close(which);
    this.#served.get(which)?.();
  }

  /** Resolves when so many have gone. */
  send(limit: CountedLimit, demand: Demand, count: number): Lanes {
    const bound = this.limits.bind(shard(0), [limit], { provider: "p" });
    const done = Promise.withResolvers<void>();
    const permits: Permit[] = [];
    const at = new SentLog();
    const lane = new Lane({
      ...{ limits: this.limits, bound, demand },
      went: (permit) => {
        at.add(clock.monotonic(), 1);
        if (permits.push(permit) === count) done.resolve();
      },
    });
    lane.came(count);
    return {
      permits,
      at,
      done: done.promise,
      home: this.limits.explain(mustBe(bound[0])).shared?.home,
    };
  }

  close(): void {
    for (const end of [...this.#ends, ...this.#served.values()]) end();
    this.limits.stop();
    this.leases.close();
  }
}

interface Lanes {
  readonly permits: readonly Permit[];
  readonly at: SentLog;
  readonly done: Promise<void>;
  readonly home: Shard | undefined;
}

describe.skipIf(noNats !== undefined)(titled("quota homes on NATS", noNats), () => {
  let cluster: TemporaryCluster;
  let processes: Process[] = [];
  beforeAll(async () => {
    await sharedNats();
  });

  async function start(): Promise<readonly [Process, Process]> {
    cluster = await temporaryCluster();
    const [one, two] = [await Process.start(cluster, "w1"), await Process.start(cluster, "w2")];
    processes = [one, two];
    for (const each of allShards(shards)) await one.own(each);
    return [one, two];
  }

  async function end(): Promise<void> {
    for (const process of processes) process.close();
    await cluster.close();
  }

  test("a rate is used by two to its full, and never above, while its home moves", async () => {
    const [one, two] = await start();
    const lanes = [one.send(rate, { messages: 1 }, 250), two.send(rate, { messages: 1 }, 250)];
    const home = mustBe(lanes[0]?.home);
    await Promise.race(lanes.map(({ done }) => done));
    const more = [one.send(rate, { messages: 1 }, 200), two.send(rate, { messages: 1 }, 200)];
    await one.release(home);
    const lease = await two.own(home);
    const told = decodeHandedLimits(mustBe(lease?.checkpoint?.limits));
    expect(told.home?.rates.map(({ holders }) => holders.length)).toEqual([2]);
    await Promise.all([...lanes, ...more].map(({ done }) => done));
    expect(excessMs([...lanes, ...more])).toBeLessThan(1);
    await end();
  }, 60_000);

  test("connections wait for the roll after a crash, and count what others have open", async () => {
    const [one, two] = await start();
    const held = one.send(ten, { connections: 1 }, 3);
    await held.done;
    const home = mustBe(held.home);
    // As when its owner died: nothing is told, the lease is under its name.
    one.lose(home);
    await two.own(home);
    const others = two.send(ten, { connections: 1 }, 7);
    await others.done;
    const eleventh = one.send(ten, { connections: 1 }, 1);
    const twelfth = two.send(ten, { connections: 1 }, 1);
    await Promise.resolve();
    expect([eleventh.permits.length, twelfth.permits.length]).toEqual([0, 0]);
    for (const permit of others.permits) two.limits.release(permit);
    await Promise.all([eleventh.done, twelfth.done]);
    await end();
  }, 60_000);
});

function excessMs(lanes: readonly Lanes[]): number {
  const all = new SentLog();
  const times = lanes.flatMap(({ at }) => at.times).toSorted((a, b) => a - b);
  for (const at of times) all.add(at, 1);
  return all.excessMs(rate.rate, 1);
}

async function nothingElse(): Promise<null> {
  return null;
}

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is there");
  return value;
}
