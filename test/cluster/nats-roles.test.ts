/**
 * Each role with a user of its own in NATS: it can do all that it must, and is refused what is not
 * its own.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { createTransport } from "nodemailer";
import { systemClock } from "#lib/clock";
import type { RoleName } from "#lib/config/role";
import { connectNats } from "#lib/nats/connection";
import { NatsIdempotencyKeys } from "#lib/nats/coordination/nats-idempotency-keys";
import { authorizationText, type NatsRole } from "#lib/nats/permissions";
import { shardOf } from "#lib/queue/shard";
import { silentLog } from "#lib/telemetry/log";
import { bucketStream, clusterNames, inboxPrefix, keySubject } from "#proto/subjects";
import { Sink } from "../../loadtest/sink/sink.ts";
import { answered } from "../support/cli/answered.ts";
import { ranGodwit } from "../support/cli/godwit-process.ts";
import { failureOf } from "../support/failure.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import { type ClusterYaml, roleYaml } from "../support/process/role-yaml.ts";
import { destination } from "../support/records.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { sharedCassandra } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const missing = natsMissing() ?? cassandraMissing();
const patienceMs = 180_000;
/** As `roleYaml` has it. */
const shards = 2;
const namespace = `users_${process.pid}`;
const names = clusterNames(namespace);
/** There is but one where all are in one. */
const shard = shardOf(destination("one.example"), 1);
const mebibyte = 1024 * 1024;

let folder: string;
let sink: Sink;
let nats: NatsServers;
let cluster: ClusterYaml;
const nodes = new Map<NatsRole, RoleProcess>();
/** What any role was refused, and what none may say. */
const violations: unknown[] = [];

const password = (user: string) => `password-of-${user}`;
const credentials = (user: string) => `  user: godwit-${user}\n  password: ${password(user)}\n`;

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "godwit-users-"));
  sink = await Sink.start();
  const users = ["admin", "edge", "delivery", "control"];
  const environment = Object.fromEntries(
    users.map((user) => [`GODWIT_${user.toUpperCase()}_PASSWORD`, password(user)]),
  );
  const configuration = authorizationText({ names, shards });
  const [started, { contactPoints, localDataCenter }] = await Promise.all([
    startNats({ nodes: 1, configuration, environment }),
    sharedCassandra(),
  ]);
  nats = started;
  const servers = { natsServers: nats.servers, contactPoints, localDataCenter };
  cluster = { ...servers, namespace, token: "a-token-of-our-own", nextHop: sink.endpoint };
  const yaml = roleYaml("admin", { ...cluster, nats: credentials("admin") });
  await writeFile(join(folder, "godwit.yaml"), yaml);
  const applied = await ranGodwit(["schema", "apply"], { cwd: folder });
  if (applied.code !== 0) throw new Error(applied.err);
  await Promise.all([launch("edge"), launch("delivery"), launch("control")]);
}, patienceMs);

afterAll(async () => {
  if (missing !== undefined) return;
  for (const node of nodes.values()) await node.stop("SIGKILL");
  await Promise.all([sink.stop(), nats.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function launch(role: NatsRole & RoleName): Promise<void> {
  const yaml = roleYaml(role, { ...cluster, nats: credentials(role) });
  const launched = await RoleProcess.launch({ role, folder: join(folder, role), yaml });
  nodes.set(role, launched);
  launched.log.each((line) => {
    if (/permissions violation/i.test(JSON.stringify(line))) violations.push(line);
    if (JSON.stringify(line).includes("password-of-")) violations.push("a password in the log");
  });
  await launched.started;
}

function node(role: NatsRole): RoleProcess {
  const found = nodes.get(role);
  if (found === undefined) throw new Error(`${role} does not run`);
  return found;
}

async function submit(text: string, ...to: string[]): Promise<string> {
  const { address, port } = node("edge").at("submission");
  const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
  const sent = await transport.sendMail({ from: "a@source.example", to, subject: "x", text });
  transport.close();
  return /queued as (\S+)/.exec(sent.response)?.[1] ?? "";
}

async function as<T>(user: string, act: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const name = `godwit-${user}`;
  const login = { user: name, pass: password(user), inboxPrefix: inboxPrefix(name) };
  const connection = await connect({ servers: [...nats.servers], ...login });
  // What is refused is told there, too; whoever asked hears of it.
  void (async () => {
    for await (const _ of connection.status());
  })();
  try {
    return await act(connection);
  } finally {
    await connection.close();
  }
}

describe.skipIf(missing !== undefined)(titled("users of NATS for each role", missing), () => {
  test(
    "are enough for all that a cluster does",
    async () => {
      const large = "x"
        .repeat(76)
        .concat("\r\n")
        .repeat((2 * mebibyte) / 78);
      const recipients = ["one@one.example", "two@two.example", "large@three.example"];
      const { log } = node("delivery");
      const arrived = recipients.map((recipient) => log.outcome(recipient, "delivered"));
      const failed = log.outcome("550-at-rcpt@four.example", "permanent");
      const deferred = log.outcome("451-at-rcpt-once@five.example", "transient");
      const id = await submit("small", "one@one.example");
      await submit("two destinations", "two@two.example", "550-at-rcpt@four.example");
      await submit(large, "large@three.example");
      await submit("later", "451-at-rcpt-once@five.example");
      await Promise.all([...arrived, failed, deferred]);
      const [edge, control] = [node("edge"), node("control")];
      expect((await control.operate("queue", "hold", "five.example")).code).toBe(0);
      expect((await edge.operate("queue", "list")).out).toContain("451-at-rcpt-once@five.example");
      expect(await answered(edge, ["trace", id], /delivered/)).toContain("delivered");
      expect((await control.operate("cluster", "status")).code).toBe(0);
      expect(await node("delivery").stop("SIGTERM")).toMatchObject({ code: 0 });
      // The next one replays what that one has left.
      await launch("delivery");
      const next = node("delivery").log.outcome("next@one.example", "delivered");
      await submit("to the next worker", "next@one.example");
      await next;
      for (const role of ["delivery", "edge", "control"] as const) {
        expect(await node(role).stop("SIGTERM")).toMatchObject({ code: 0 });
      }
      expect(violations).toEqual([]);
    },
    patienceMs,
  );

  test("an edge claims a client's key, and answers for it", async () => {
    const clock = systemClock;
    const login = { user: "godwit-edge", password: password("edge") };
    const options = { servers: nats.servers, name: "test", clock, log: silentLog };
    const links = await connectNats({ ...options, ...login });
    const keys = await NatsIdempotencyKeys.open({ links, names, clock });
    const begin = (uid: string) => keys.begin("acme", "k", new Uint8Array(32), uid);
    expect(await begin("u1")).toEqual({ kind: "new", uid: "u1" });
    expect(await begin("u2")).toEqual({ kind: "running" });
    await keys.release("acme", "k", new Uint8Array());
    expect(await begin("u3")).toMatchObject({ kind: "resumed", uid: "u1" });
    await keys.finish("acme", "k", new Uint8Array([1]));
    expect(await begin("u4")).toEqual({ kind: "finished", answer: new Uint8Array([1]) });
    keys.close();
    await links.close();
  });

  const keysStream = bucketStream(names.buckets.keys);
  const unit = `${names.laneFilter(shard, "n").slice(0, -1)}example.one`;
  test.each([
    ["edge", "read mail", `$JS.API.STREAM.MSG.GET.${names.shardStream(shard)}`],
    ["edge", "read large content", `$JS.API.STREAM.MSG.GET.${names.bodyStream}`],
    ["edge", "write a journal", names.journalFilter.replace(">", "thief.1")],
    ["edge", "take a shard", `$KV.${names.buckets.shards}.0`],
    ["edge", "pass for a worker", `$KV.${names.buckets.workers}.thief.1`],
    ["edge", "drop mail", `$JS.API.STREAM.PURGE.${names.shardStream(shard)}`],
    ["control", "send mail", unit],
    ["control", "read what clients were answered", `$JS.API.STREAM.MSG.GET.${keysStream}`],
    ["delivery", "read what clients were answered", `$JS.API.DIRECT.GET.${keysStream}`],
    ["delivery", "take a client's key", keySubject(names.buckets.keys, "k")],
    ["control", "drop the journal", `$JS.API.STREAM.PURGE.${names.journalStream}`],
    ["delivery", "remove a stream", `$JS.API.STREAM.DELETE.${names.journalStream}`],
    ["delivery", "change a stream", `$JS.API.STREAM.UPDATE.${names.journalStream}`],
    ["delivery", "drop the journal", `$JS.API.STREAM.PURGE.${names.journalStream}`],
  ])("%s may not %s", async (user, _, subject) => {
    const refused = await as(user, (connection) => {
      return failureOf(connection.request(subject, "{}", { timeout: 5_000 }));
    });
    expect(String(refused)).toMatch(/permissions violation/i);
  });

  test.each([
    ["edge", "what workers are asked", names.controlFilter],
    ["control", "what workers are asked", names.controlFilter],
    ["edge", "what workers read", `${inboxPrefix("godwit-delivery")}.>`],
    ["edge", "what anybody is answered", "_INBOX.>"],
    ["delivery", "mail as it comes in", names.splitSubject],
  ])("%s does not hear %s", async (user, _, subject) => {
    const refused = await as(user, async (connection) => {
      const subscription = connection.subscribe(subject);
      return await failureOf(
        (async () => {
          for await (const _ of subscription);
        })(),
      );
    });
    expect(String(refused)).toMatch(/permissions violation/i);
  });

  test("admin may apply the schema, which no role may", async () => {
    const made = await as("delivery", async (connection) => {
      const manager = await jetstreamManager(connection, { checkAPI: false });
      return await failureOf(manager.streams.add({ name: `${namespace}-x`, subjects: ["x"] }));
    });
    expect(String(made)).toMatch(/permissions violation/i);
  });
});
