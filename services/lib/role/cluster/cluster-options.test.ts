import { expect, test } from "bun:test";
import { systemClock as clock } from "#lib/clock";
import { loadConfig } from "#lib/config/load";
import { silentLog as log } from "#lib/telemetry/log";
import { natsOptionsOf, tablesOptionsOf, wantedStreamsOf } from "./cluster-options.ts";

const loaded = loadConfig(
  `
shards: 8
nats: { servers: ["nats://a:4222"], replicas: 1, user: godwit, password: secret, shardBytesMax: 2MiB, namespace: t }
cassandra: { contactPoints: ["cassandra-0", "[::1]:9043"], localDataCenter: dc1, username: u, password: p, replication: 2 }
delivery: { retry: { lifetime: 2d } }
scheduling: { upTo: 10d }
`,
  { fileName: "x.yaml", osHostname: "host", environment: {}, readFile: () => "" },
);
if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
const { config } = loaded;
const { nats, cassandra } = config;
if (nats === undefined || cassandra === undefined) throw new Error("the file has both");

test("NATS is told whom it has to do with", () => {
  const options = natsOptionsOf(nats, { name: "edge a", clock, log });
  expect(options).toEqual({
    servers: ["nats://a:4222"],
    name: "edge a",
    user: "godwit",
    password: "secret",
    clock,
    log,
  });
});

test("streams have the file's sizes, and keep large content longer than any message", () => {
  const { names, ...wanted } = wantedStreamsOf(config, nats);
  expect(names.splitStream).toBe("t-SPLIT");
  expect(wanted).toMatchObject({ shards: 8, replicas: 1, shardBytesMax: 2 * 1024 * 1024 });
  expect(wanted.bodyAgeMs).toBe((10 + 2 + 1) * 86_400_000);
});

test("a stream for events is wanted where some are told there", () => {
  const of = (events: Partial<typeof config.events>) =>
    wantedStreamsOf({ ...config, events: { ...config.events, ...events } }, nats).eventsBytesMax;
  expect(of({})).toBeUndefined();
  expect(of({ stream: true })).toBe(4 * 1024 ** 3);
  expect(of({ stream: true, kinds: [] })).toBeUndefined();
});

test("Cassandra's contact points are hosts and ports", () => {
  expect(tablesOptionsOf(cassandra, { clock, log })).toEqual({
    contactPoints: ["cassandra-0:9042", "[::1]:9043"],
    localDataCenter: "dc1",
    keyspace: "godwit",
    replication: 2,
    credentials: { username: "u", password: "p" },
    clock,
    log,
  });
});
