import { describe, expect, test } from "bun:test";
import type { Chart } from "../support/deploy/chart.ts";
import { openedChart } from "../support/deploy/opened-chart.ts";
import { titled } from "../support/servers/titled.ts";

let chart: Chart;
const missing = openedChart((opened) => {
  chart = opened;
});

const nats = { servers: ["nats://nats.example:4222"] };
const cassandra = { contactPoints: ["cassandra.example"], localDataCenter: "dc1" };
const whole = { config: { hostname: "mta.example.net", nats, cassandra } };
const listener = { name: "submission", address: "0.0.0.0", port: 2587, kind: "submission" };
const bundled = {
  config: { hostname: "mta.example.net" },
  nats: { bundled: { enabled: true } },
  cassandra: { bundled: { enabled: true } },
};
const of = (config: object) => ({ config });
const listeners = (...changed: object[]) =>
  of({ listeners: changed.map((change) => ({ ...listener, ...change })) });

describe.skipIf(missing !== undefined)(titled("values that do not go together", missing), () => {
  test.each([
    ["no name", { config: { nats, cassandra } }, "config.hostname is needed: set it to"],
    [
      "no NATS",
      { config: { hostname: "a.example", cassandra } },
      "there is no NATS: set config.nats",
    ],
    [
      "no Cassandra",
      { config: { hostname: "a.example", nats } },
      "there is no Cassandra: set config",
    ],
    [
      "no data centre",
      { config: { hostname: "a.example", nats, cassandra: { contactPoints: ["c"] } } },
      "config.cassandra.localDataCenter is needed: the data centre",
    ],
  ])("%s", async (_, values, sentence) => {
    expect(await chart.refusal(values)).toContain(sentence);
  });

  test.each([
    ["two NATS", { nats: { bundled: { enabled: true } } }, "are both set: keep the servers that"],
    ["two Cassandras", { cassandra: { bundled: { enabled: true } } }, "are both set: keep the"],
    ["a low port", listeners({ port: 587 }), "choose one above 1023"],
    ["control's port", listeners({ port: 8025 }), "which is the control API's: choose another"],
    [
      "loopback",
      listeners({ address: "127.0.0.1" }),
      "where nobody reaches a pod: set it to 0.0.0.0",
    ],
    ["a long name", listeners({ name: "submission-of-all" }), "at most 15 characters"],
    ["a loud name", listeners({ name: "Loud" }), "small letters, digits and -"],
    [
      "one port for two",
      listeners({}, { name: "other", port: 2588 }),
      "both have port 587 of the Service: give one of them another",
    ],
    [
      "a port of nobody",
      { edge: { service: { ports: { inbund: 25 } } } },
      'edge.service.ports has "inbund", and config.listeners no listener of that name',
    ],
    ["a test of nobody", { test: { listener: "x" } }, "test.listener is"],
    [
      "a hash in the open",
      of({ users: [{ name: "a", passwordHash: "$argon2id$x" }] }),
      "config.users[0].passwordHash is a secret",
    ],
    [
      "a token's hash in the open",
      of({ tokens: [{ name: "a", tenant: "t", tokenHash: `sha256:${"0".repeat(64)}` }] }),
      "config.tokens[0].tokenHash is a secret",
    ],
    [
      "a test by HTTP",
      listeners({ kind: "http" }),
      'test.listener is "submission", which speaks HTTP, and the test sends by SMTP',
    ],
    [
      "a password in the open",
      of({ nats: { user: "a", password: "b" } }),
      "config.nats.password is",
    ],
    [
      "a collector's token in the open",
      of({ telemetry: { headers: { Authorization: "Bearer b" } } }),
      "config.telemetry.headers.Authorization is a secret",
    ],
    [
      "a secret that is nowhere",
      of({ cassandra: { username: "a", password: { file: "secrets/word" } } }),
      "config names secrets/word, and there is no such file: set secrets.existing",
    ],
    [
      "a role's secret that is nowhere",
      { control: { nats: { user: "a", password: { file: "secrets/own" } } } },
      "config names secrets/own, and there is no such file: set secrets.existing",
    ],
    [
      "two kinds of secrets",
      { secrets: { existing: "a", files: { b: "c" } } },
      "secrets.existing and secrets.files are both set",
    ],
    [
      "two certificates",
      { tls: { secret: "a", certManager: { enabled: true, issuer: { name: "b" } } } },
      "are both set: keep the one",
    ],
    [
      "nobody who signs",
      { tls: { certManager: { enabled: true } } },
      "needs tls.certManager.issuer",
    ],
    [
      "least above most",
      { edge: { autoscaling: { enabled: true, min: 5, max: 3 } } },
      "edge.autoscaling.min is 5, and max 3",
    ],
    [
      "KEDA without Prometheus",
      { delivery: { autoscaling: { enabled: true, metric: { by: "keda" } } } },
      "set keda.prometheus to its address",
    ],
    [
      "nothing to go by",
      { delivery: { autoscaling: { enabled: true, cpu: 0 } } },
      "delivery.autoscaling has nothing to go by: set cpu",
    ],
    [
      "workers that share a node's network",
      { delivery: { hostNetwork: true, autoscaling: { enabled: true } } },
      "gives each node one worker: turn delivery.autoscaling off",
    ],
  ])("%s", async (_, values, sentence) => {
    expect(await chart.refusal(whole, values)).toContain(sentence);
  });

  test.each([
    ["two servers of three", of({ nats: { replicas: 3 } }), 1, "there are 1 servers"],
    ["an even number", {}, 2, "a quorum needs 3 or 5"],
    ["too small a disk", {}, 3, "the streams reserve 50688 MiB on each server"],
  ])("with bundled NATS: %s", async (_, values, replicas, sentence) => {
    const size = { bundled: { replicas, storage: { size: "40Gi" } } };
    expect(await chart.refusal(bundled, { nats: size }, values)).toContain(sentence);
  });

  test.each([
    [
      "a user of NATS",
      of({ nats: { user: "a" } }),
      "config.nats.user is set, and nats.bundled.enabled",
    ],
    [
      "a certificate for Cassandra",
      of({ cassandra: { tls: {} } }),
      "config.cassandra.tls is set, and cassandra.bundled.enabled",
    ],
    [
      "a role's login of one's own",
      { edge: { nats: { user: "a" } } },
      "edge.nats is set, and nats.bundled.enabled",
    ],
    [
      "a certificate that nobody shows",
      { nats: { bundled: { tls: { enabled: false, secret: "mine" } } } },
      "nats.bundled.tls.secret is set, and tls.enabled is false",
    ],
  ])("with bundled servers: %s", async (_, values, sentence) => {
    expect(await chart.refusal(bundled, values)).toContain(sentence);
  });

  test("with bundled Cassandra: more copies than nodes", async () => {
    const values = {
      ...of({ cassandra: { replication: 3 } }),
      cassandra: { bundled: { replicas: 1 } },
    };
    expect(await chart.refusal(bundled, values)).toContain("and there are 1 nodes");
  });

  test("with bundled Cassandra: a seed that there is not", async () => {
    const values = { cassandra: { bundled: { replicas: 3, seed: 3 } } };
    expect(await chart.refusal(bundled, values)).toContain("seed is 3, and there are 3 nodes");
  });

  test.each([
    ["an unknown key of the chart", { egde: {} }, "additional properties 'egde' not allowed"],
    ["an unknown key of godwit.yaml", of({ hostnam: "x" }), "at '/config': additional properties"],
    ["what the chart writes itself", of({ control: { port: 1 } }), "'control' not allowed"],
    [
      "a number out of range",
      of({ shards: 300 }),
      "at '/config/shards': maximum: got 300, want 256",
    ],
    ["a span without a unit", of({ limits: { idle: "300" } }), "at '/config/limits/idle'"],
    [
      "a role's password in the open",
      { edge: { nats: { password: "p" } } },
      "at '/edge/nats/password'",
    ],
    ["a text for a number", { edge: { replicas: "two" } }, "at '/edge/replicas'"],
  ])("%s", async (_, values, sentence) => {
    expect(await chart.refusal(whole, values)).toContain(sentence);
  });

  test("an object that the API does not know is found", async () => {
    const [first] = await chart.render(whole);
    if (first === undefined) throw new Error("nothing was rendered");
    const spec = { ...Object(first.spec), podSelecter: {} };
    const { code, out } = await chart.check([{ ...first, spec }]);
    expect(code).toBe(1);
    expect(out).toContain("additional properties 'podSelecter' not allowed");
  });
});
