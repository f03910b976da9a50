/**
 * Edge, delivery and control as processes on real servers: a message through, an operator's
 * commands at any node, and what each says when it cannot work.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { systemClock as clock } from "#lib/clock";
import type { RoleName } from "#lib/config/role";
import { connectNats } from "#lib/nats/connection";
import { followEventStream } from "#lib/nats/events/stream-follower";
import { silentLog as log } from "#lib/telemetry/log";
import { decodeEventRecord } from "#proto/event-record";
import { clusterNames } from "#proto/subjects";
import { Sink } from "../../loadtest/sink/sink.ts";
import { answered } from "../support/cli/answered.ts";
import { ranGodwit } from "../support/cli/godwit-process.ts";
import { acmeToken } from "../support/edge/http-bench.ts";
import { submitRaw } from "../support/edge/raw-submission.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import { type ClusterYaml, roleYaml } from "../support/process/role-yaml.ts";
import { startNats } from "../support/servers/nats.ts";
import { sharedCassandra, sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const token = "a-token-of-our-own";
const missing = natsMissing() ?? cassandraMissing();
/** Real servers and processes on a busy machine. */
const patienceMs = 120_000;

let folder: string;
let sink: Sink;
let cluster: ClusterYaml;
/** What was told before the schema stood, and when it was made. */
let first: Awaited<ReturnType<typeof firstSteps>>;
const running = new Set<RoleProcess>();

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "godwit-roles-"));
  sink = await Sink.start();
  const [nats, { contactPoints, localDataCenter }] = await Promise.all([
    sharedNats(),
    sharedCassandra(),
  ]);
  const namespace = `roles_${process.pid}`;
  const servers = { natsServers: nats.servers, contactPoints, localDataCenter };
  cluster = { ...servers, namespace, token, nextHop: sink.endpoint };
  first = await firstSteps();
}, patienceMs);

afterAll(async () => {
  if (missing !== undefined) return;
  for (const node of running) await node.stop("SIGKILL");
  await sink.stop();
  await rm(folder, { recursive: true, force: true });
});

async function launch(
  role: RoleName,
  name: string,
  changes: Partial<ClusterYaml> = {},
): Promise<RoleProcess> {
  const yaml = roleYaml(name, { ...cluster, ...changes });
  const launched = await RoleProcess.launch({ role, folder: join(folder, name), yaml });
  running.add(launched);
  return launched;
}

async function godwit(...args: string[]) {
  await writeFile(join(folder, "godwit.yaml"), roleYaml("admin", cluster));
  return await ranGodwit(args, { cwd: folder });
}

/** As an operator who forgot the schema at first. */
async function firstSteps() {
  const early = await (await launch("edge", "early")).ended();
  const checkedBefore = await godwit("schema", "apply", "--check");
  const applied = await godwit("schema", "apply");
  const checkedAfter = await godwit("schema", "apply", "--check");
  return { early, checkedBefore, applied, checkedAfter };
}

function submit(edge: RoleProcess, ...to: string[]): Promise<unknown> {
  const { address, port } = edge.at("submission");
  const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
  return transport.sendMail({ from: "a@source.example", to, subject: "x", text: "x" });
}

describe.skipIf(missing !== undefined)(titled("a cluster of processes", missing), () => {
  let edge: RoleProcess;
  let worker: RoleProcess;
  let control: RoleProcess;

  test("does not start on what nobody has made, and says how to make it", () => {
    const { early, checkedBefore, applied, checkedAfter } = first;
    expect(early.code).toBe(1);
    expect(early.told).toContain("stream");
    expect(early.told).toContain("It is made and changed by: godwit schema apply");
    expect([checkedBefore.code, applied.code, checkedAfter.code]).toEqual([1, 0, 0]);
    expect(applied.out).toContain("Cassandra: done: made table unit");
  });

  // One after the other: the last one stops them.
  test(
    "delivers a message, does what an operator says at any node, and hands over in order",
    async () => {
      [edge, worker, control] = await Promise.all([
        launch("edge", "edge"),
        launch("delivery", "worker"),
        launch("control", "control"),
      ]);
      await Promise.all([edge.started, worker.started, control.started]);
      await delivers();
      await repeats();
      await obeys();
      await schedules();
      await suppresses();
      await tells();
      await handsOver();
    },
    patienceMs,
  );

  async function delivers(): Promise<void> {
    const arrived = ["b@one.example", "c@two.example"].map((to) =>
      worker.log.outcome(to, "delivered"),
    );
    await submit(edge, "b@one.example", "c@two.example");
    await Promise.all(arrived);
    for (const node of [edge, worker, control]) {
      expect(await node.readyz()).toMatchObject({ status: 200, ready: true });
    }
  }

  /** A client whose answer was lost asks another edge: by its key that one knows what the first said. */
  async function repeats(): Promise<void> {
    const other = await launch("edge", "edge2");
    await other.started;
    const to = Array.from({ length: 40 }, (_, n) => `r${n}@d${n % 5}.example`);
    const arrived = to.map((path) => worker.log.outcome(path, "delivered"));
    const post = async (node: RoleProcess, text: string): Promise<[number, string]> => {
      const { address, port } = node.at("http");
      const answer = await fetch(`http://${address}:${port}/v1/messages`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${acmeToken}`,
          "content-type": "application/json",
          "idempotency-key": "list-7",
        },
        body: JSON.stringify({ from: "a@source.example", text, recipients: to }),
      });
      return [answer.status, await answer.text()];
    };
    const first = await post(edge, "x");
    expect([first[0], JSON.parse(first[1]).accepted]).toEqual([202, 40]);
    expect(await post(other, "x")).toEqual(first);
    expect((await post(other, "y"))[0]).toBe(422);
    await Promise.all(arrived);
    expect((await other.stop()).code).toBe(0);
    running.delete(other);
    // Two of before.
    expect(sink.counts.messages).toBe(2 + 40);
  }

  async function obeys(): Promise<void> {
    await control.operate("queue", "hold", "held.example", "--reason", "moving");
    await submit(edge, "b@held.example");
    await listed(edge, 1);
    const explained = await edge.operate("explain", "held.example");
    expect(explained.out).toContain("held.example is held by an operator since ");
    const [id = ""] = /\b01\w{24}\b/.exec((await control.operate("queue", "list")).out) ?? [];
    const held = "  waits in the store for held.example, which an operator holds\n";
    for (const node of [edge, control]) {
      const out = await answered(node, ["explain", id], new RegExp(held));
      expect(out).toContain(held);
      expect(out).toContain("It stays so until: godwit queue release held.example\n");
    }
    expect((await worker.operate("queue", "holds")).out).toContain("moving");
    const delivered = worker.log.outcome("b@held.example", "delivered");
    await edge.operate("queue", "release", "held.example");
    await delivered;
    await listed(control, 0);
  }

  /** What is for tomorrow waits in Cassandra, each of its units, until an operator has it sent now. */
  async function schedules(): Promise<void> {
    const to = ["b@later.example", "c@later.example.net"];
    const parameters = "HOLDFOR=86400";
    const id = await submitRaw(edge.at("submission"), { to, parameters });
    const waits = /(?:is scheduled by its sender: it is not tried before (?:.|\n)*){2}/;
    await answered(control, ["explain", id], waits);
    await listed(edge, 2);
    expect((await edge.operate("queue", "list")).out).toMatch(/^\w+\.0 +scheduled +in 23h59m +0 /m);
    const gone = to.map((path) => worker.log.outcome(path, "delivered"));
    // Those of a destination are left alone.
    await edge.operate("queue", "retry", "later.example");
    expect((await control.operate("queue", "retry", id)).out).toContain("2 units are due now");
    await Promise.all(gone);
    await listed(control, 0);
  }

  /** Said at a node that has no store, and known to every worker when that is answered. */
  async function suppresses(): Promise<void> {
    await edge.operate("suppression", "add", "Gone@one.example", "--note", "asked us to");
    const failed = worker.log.outcome("gone@one.example", "permanent");
    await submit(edge, "gone@one.example");
    expect(await failed).toMatchObject({ status: "5.7.1", suppressed: true });
    const listed = await control.operate("suppression", "list");
    expect(listed.out).toMatch(/^gone@one\.example +by-hand .* asked us to$/m);
    await control.operate("suppression", "remove", "gone@one.example");
    const delivered = worker.log.outcome("gone@one.example", "delivered");
    await submit(edge, "gone@one.example");
    await delivered;
  }

  /** The events of all that was done so far, from whichever process it was. */
  async function tells(): Promise<void> {
    const wanted = new Set([
      ...["edge reception b@one.example", "edge reception c@two.example"],
      ...["worker delivery b@one.example", "worker delivery c@two.example"],
      ...["edge reception b@held.example", "worker delivery b@held.example"],
      ...["control admin hold held.example", "edge admin release held.example"],
    ]);
    const links = await connectNats({ servers: cluster.natsServers, name: "test", clock, log });
    const ended = new AbortController();
    const lines = followEventStream({
      ...{ links, names: clusterNames(cluster.namespace), kinds: [] },
      ...{ from: "start", signal: ended.signal },
    });
    for await (const line of lines) {
      const { node, kind, recipient, action, destination } = decodeEventRecord(line);
      wanted.delete(`${node} ${kind} ${recipient ?? `${action} ${destination}`}`);
      if (wanted.size === 0) break;
    }
    ended.abort();
    await links.close();
  }

  /** A worker that was killed is a member still, but nobody waits for its answer. */
  async function missesOne(): Promise<void> {
    const doomed = await launch("delivery", "doomed");
    await doomed.started;
    await owned(control, 2);
    await doomed.stop("SIGKILL");
    const { err } = await edge.operate("queue", "list");
    expect(err).toStartWith("No full answer for shards 0-1:\n  doomed/");
    expect(err).toContain(" (0-1): it is not connected any more; its last heartbeat was ");
    const { out } = await edge.operate("cluster", "status");
    expect(out).toMatch(/^doomed +staying .* it is not connected any more$/m);
    expect(out).toMatch(
      / {2}0-1: silent, lag 0\n {4}doomed says nothing: .* takes it over in \d+s\n/,
    );
  }

  async function handsOver(): Promise<void> {
    const { out } = await edge.operate("cluster", "status", "--json");
    const { workers, shards } = JSON.parse(out);
    expect(workers).toMatchObject([{ standing: "staying", shards: 2 }]);
    // What only the worker knows has come over the bus.
    const owned = { state: "owned", unsettled: 0 };
    expect(shards).toMatchObject([owned, owned]);
    expect((await edge.operate("cluster", "status")).out).toContain("All 2 shards are as they");
    expect((await worker.stop()).code).toBe(0);
    const after = await edge.operate("cluster", "status", "--shards", "all");
    expect(after.out).toContain("No worker is heard of.");
    expect(after.out).toMatch(/^0 +free /m);
    expect((await edge.operate("cluster", "status")).out).toContain("  0-1: free, lag 0\n");
    const { err } = await edge.operate("queue", "summary");
    expect(err).toContain("No full answer for shards 0-1:");
    expect((await edge.operate("queue", "holds")).err).toContain("no worker answers");
    await missesOne();
    const stopped = await Promise.all([edge.stop(), control.stop()]);
    expect(stopped.map(({ code }) => code)).toEqual([0, 0]);
  }
});

describe.skipIf(missing !== undefined)(titled("a node that cannot work", missing), () => {
  afterEach(async () => {
    for (const node of running) await node.stop("SIGKILL");
    running.clear();
  });

  test(
    "waits for NATS, says so, and stops when it is told to",
    async () => {
      const edge = await launch("edge", "alone", { natsServers: ["nats://127.0.0.1:1"] });
      expect(await edge.trouble("nats", /no server/)).toContain("no server can be reached");
      expect(await edge.readyz()).toMatchObject({ status: 503, ready: false });
      expect((await edge.operate("queue", "list")).err).toContain("this node is not ready; ");
      expect((await edge.stop()).code).toBe(0);
    },
    patienceMs,
  );

  test(
    "says that its credentials are refused",
    async () => {
      const configuration = "authorization { user: godwit, password: right }";
      const guarded = await startNats({ nodes: 1, configuration });
      try {
        const nats = "  user: godwit\n  password: wrong\n";
        const edge = await launch("edge", "stranger", { natsServers: guarded.servers, nats });
        await edge.trouble("nats", /refuses our user/);
      } finally {
        await guarded.stop();
      }
    },
    patienceMs,
  );

  test(
    "names a data centre that is none, and a server of several that is away",
    async () => {
      const natsServers = [...cluster.natsServers, "nats://127.0.0.1:1"];
      const worker = await launch("delivery", "lost", { localDataCenter: "nowhere", natsServers });
      expect(await worker.trouble("cassandra", /nowhere/)).toContain("nowhere");
      expect(await worker.trouble("nats-servers", /port 1/)).toContain("connection refused");
      const { status, reasons } = await worker.readyz();
      expect(status).toBe(503);
      expect(reasons).toContainEqual(
        expect.objectContaining({ part: "nats-servers", isBlocking: false }),
      );
    },
    patienceMs,
  );
});

async function owned(node: RoleProcess, count: number): Promise<void> {
  for (;;) {
    const { out } = await node.operate("cluster", "status", "--json");
    const answer: { shards: { state: string }[] } = JSON.parse(out);
    if (answer.shards.filter(({ state }) => state === "owned").length === count) return;
  }
}

/** Resolves when so many units are in the queue, as an operator sees it at that node. */
async function listed(node: RoleProcess, count: number): Promise<void> {
  for (;;) {
    const { out } = await node.operate("queue", "list", "--json");
    const answer: { units: unknown[] } = JSON.parse(out);
    if (answer.units.length === count) return;
  }
}
