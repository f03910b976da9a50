/** What all roles of a cluster do before and beside their work, in this process, on real servers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { epochOf } from "#lib/leases/leases";
import { connectNats } from "#lib/nats/connection";
import { bunTransport } from "#lib/net/bun-transport";
import { joinCassandra } from "#lib/role/cluster/cassandra-side";
import { ClusterRole, type Joined, type Work } from "#lib/role/cluster/cluster-role";
import { settleSchema } from "#lib/role/cluster/schema";
import type { ControlPorts } from "#lib/role/control-ports";
import { storeRecords } from "#lib/role/records";
import { type LogFields, silentLog } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { encodeLease } from "#proto/lease";
import { clusterNames, keySubject } from "#proto/subjects";
import { failureOf } from "../support/failure.ts";
import { roleYaml } from "../support/process/role-yaml.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { sharedCassandra } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const missing = natsMissing() ?? cassandraMissing();
const patienceMs = 120_000;
const nowhere = { address: "127.0.0.1", port: 1 };

let nats: NatsServers;
let config: Config;
/** How a start ended before the schema stood, and what was told when it was made. */
let first: Awaited<ReturnType<typeof firstSteps>>;
let role: ClusterRole | undefined;
let control: ControlPorts | undefined;
let waiting: {
  readonly isMeant: (event: string, fields: LogFields) => boolean;
  hear: () => void;
}[];

beforeAll(async () => {
  if (missing !== undefined) return;
  nats = await startNats({ nodes: 1 });
  const { contactPoints, localDataCenter } = await sharedCassandra();
  const namespace = `parts_${process.pid}`;
  const servers = { natsServers: nats.servers, contactPoints, localDataCenter };
  config = configOf(
    roleYaml("node", { ...servers, namespace, token: "a-token-of-our-own", nextHop: nowhere }),
  );
  first = await firstSteps();
}, patienceMs);
afterAll(() => nats?.stop());
afterEach(() => role?.stop());

function configOf(text: string): Config {
  const source = { fileName: "x.yaml", osHostname: "host", environment: {}, readFile: () => "" };
  const loaded = loadConfig(text, source);
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

function roleOf(own: Config, begin: (joined: Joined) => Promise<Work>): ClusterRole {
  waiting = [];
  const note = (event: string, fields: LogFields = {}) => {
    for (const { isMeant, hear } of waiting) if (isMeant(event, fields)) hear();
  };
  role = new ClusterRole(
    own,
    { name: "parts", makesToken: false, begin },
    {
      clock,
      log: { debug: note, info: note, warn: note, error: note },
      metrics: new PrometheusMetrics(),
      transport: bunTransport(clock),
      openControl: async (_, ports) => {
        control = ports;
        return { start: () => nowhere, stop: async () => {} };
      },
    },
  );
  return role;
}

/** Resolves when the part is told of, from now on. */
function heard(event: string, part: string): Promise<void> {
  return new Promise((resolve) => {
    waiting.push({ isMeant: (e, { part: p }) => e === event && p === part, hear: resolve });
  });
}

async function withStore(joined: Joined): Promise<Work> {
  const { cassandra, shards, bounces } = joined.config();
  if (cassandra === undefined) throw new Error("the file has it");
  const settings = { shards, bouncesKeptMs: bounces.keptMs };
  return { records: storeRecords(await joinCassandra(cassandra, { ...joined, ...settings })) };
}

const settled = (isCheck: boolean, waits = false, told = (_line: string) => {}) =>
  settleSchema(config, {
    ...{ clock, isCheck, waits, told, servers: ["nats", "cassandra"] },
    signal: AbortSignal.timeout(patienceMs),
  });

async function firstSteps() {
  const early = roleOf(config, withStore);
  const failure = await failureOf(early.start());
  await early.stop();
  const checkedBefore = await settled(true);
  const lines: string[] = [];
  const waiting = settled(true, true, (line) => lines.push(line));
  const applied = await settled(false);
  const waited = await waiting;
  return { failure, checkedBefore, applied, waited, lines, checkedAfter: await settled(true) };
}

describe.skipIf(missing !== undefined)(titled("a role of the cluster", missing), () => {
  test("is refused the start until the schema is there", () => {
    const { failure, checkedBefore, applied, waited, lines, checkedAfter } = first;
    expect(String(failure)).toContain("It is made and changed by: godwit schema apply");
    expect(checkedBefore.map(({ changes }) => changes.length > 0)).toEqual([true, true]);
    expect(applied.flatMap(({ refusals }) => refusals)).toEqual([]);
    expect(lines.filter((line) => /reached/.test(line))).toEqual([]);
    expect(waited.flatMap(({ changes }) => changes)).toEqual([]);
    expect(checkedAfter.flatMap(({ changes }) => changes)).toEqual([]);
  });

  test("is not kept waiting by one shard whose log went back, which a check tells of", async () => {
    const { servers } = nats;
    const links = await connectNats({ servers, name: "test", clock, log: silentLog });
    const { buckets } = clusterNames(config.nats?.namespace);
    const lease = { epoch: epochOf(1), checkpoint: { floor: 4, journals: [] } };
    await links.publish.request(keySubject(buckets.shards, "0"), encodeLease(lease));
    await links.close();
    const linesOf = async (isCheck: boolean, waits: boolean) =>
      (await settled(isCheck, waits)).flatMap(({ changes }) => changes).join();
    expect(await linesOf(true, false)).toContain("was done with up to 4");
    expect(await linesOf(true, true)).toBe("");
    expect(await linesOf(false, false)).toContain("It is read from its beginning");
    expect(await linesOf(true, false)).toBe("");
  });

  test(
    "is ready with its servers, not without NATS, and again when NATS is back",
    async () => {
      const ready = roleOf(config, withStore);
      await ready.start();
      expect(control?.reasons()).toEqual([]);
      expect(await control?.operators()?.records?.holds()).toEqual([]);
      const away = heard("part_troubled", "nats");
      await nats.kill(0);
      await away;
      expect(control?.reasons()).toMatchObject([{ part: "nats", isBlocking: true }]);
      const back = heard("part_works", "nats");
      await nats.restart(0);
      await back;
      expect(control?.reasons().filter(({ isBlocking }) => isBlocking)).toEqual([]);
      await ready.stop();
      expect(control?.reasons()).toMatchObject([{ part: "process", reason: "stopping" }]);
    },
    patienceMs,
  );

  test("is stopped although its work never begins, and what of that is there is ended", async () => {
    const begun = Promise.withResolvers<void>();
    const ended: string[] = [];
    const hangs = roleOf(config, ({ undoing }) => {
      undoing.add(() => void ended.push("work"));
      begun.resolve();
      return new Promise(() => {});
    });
    void hangs.start();
    await begun.promise;
    await hangs.stop();
    expect(ended).toEqual(["work"]);
  });

  test(
    "waits for Cassandra, and can be stopped meanwhile",
    async () => {
      const { cassandra } = config;
      if (cassandra === undefined) throw new Error("the file has it");
      const lost = { ...config, cassandra: { ...cassandra, contactPoints: [nowhere] } };
      const waits = roleOf(lost, withStore);
      const troubled = heard("part_troubled", "cassandra");
      const started = waits.start();
      started.catch(() => {});
      await troubled;
      expect(control?.reasons()).toMatchObject([
        { part: "process", reason: "starting" },
        { part: "cassandra", isBlocking: true },
      ]);
      await waits.stop();
      expect(String(await failureOf(started))).toContain("the process stops");
    },
    patienceMs,
  );
});
