/**
 * One trace from the edge through NATS, a retry and another worker to the remote host's reply, as a
 * collector sees it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import type { RoleName } from "#lib/config/role";
import { Sink } from "../../loadtest/sink/sink.ts";
import { ranGodwit } from "../support/cli/godwit-process.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import { type ClusterYaml, roleYaml } from "../support/process/role-yaml.ts";
import { sharedCassandra, sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";
import {
  attributesOf,
  FakeCollector,
  type PostedSpan,
} from "../support/telemetry/fake-collector.ts";

const missing = natsMissing() ?? cassandraMissing();
const patienceMs = 120_000;

let folder: string;
let sink: Sink;
let collector: FakeCollector;
let cluster: ClusterYaml;
const running = new Set<RoleProcess>();

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "godwit-traces-"));
  sink = await Sink.start();
  collector = new FakeCollector();
  const [nats, { contactPoints, localDataCenter }] = await Promise.all([
    sharedNats(),
    sharedCassandra(),
  ]);
  const servers = { natsServers: nats.servers, contactPoints, localDataCenter };
  const namespace = `traces_${process.pid}`;
  cluster = { ...servers, namespace, token: "a-token-of-our-own", nextHop: sink.endpoint };
  await writeFile(join(folder, "godwit.yaml"), roleYaml("admin", cluster));
  const applied = await ranGodwit(["schema", "apply"], { cwd: folder });
  if (applied.code !== 0) throw new Error(applied.err);
}, patienceMs);

afterAll(async () => {
  if (missing !== undefined) return;
  for (const node of running) await node.stop("SIGKILL");
  await Promise.all([sink.stop(), collector[Symbol.asyncDispose]()]);
  await rm(folder, { recursive: true, force: true });
});

async function launch(role: RoleName, name: string): Promise<RoleProcess> {
  const telemetry = `telemetry: { otlp: "${collector.url}", traces: 1, interval: 1s }\n`;
  const yaml = roleYaml(name, cluster).replace(
    `delivery: { name: ${name} }`,
    `delivery: { name: ${name}, retry: { first: 10s } }`,
  );
  const launched = await RoleProcess.launch({
    role,
    folder: join(folder, name),
    yaml: yaml + telemetry,
  });
  running.add(launched);
  return launched;
}

describe.skipIf(missing !== undefined)(titled("a message that is traced", missing), () => {
  test(
    "is one trace over edge, split, retry and two workers, and so is what its sender is told",
    async () => {
      const [edge, first] = await Promise.all([
        launch("edge", "edge"),
        launch("delivery", "first"),
      ]);
      await Promise.all([edge.started, first.started]);
      const accepted = edge.log.next(({ event }) => event === "message_accepted");
      const deferred = first.log.outcome("451-at-rcpt-once@one.example", "transient");
      const failed = first.log.outcome("550-at-rcpt@two.example", "permanent");
      const { address, port } = edge.at("submission");
      const transport = createTransport({ host: address, port, ignoreTLS: true });
      const to = ["451-at-rcpt-once@one.example", "550-at-rcpt@two.example"];
      await transport.sendMail({ from: "a@source.example", to, subject: "x", text: "x" });
      transport.close();
      const { trace_id: traceId } = await accepted;
      expect(await exemplars(edge)).toContain(`godwit_edge_accept_seconds ${traceId}`);
      expect([(await deferred).trace_id, (await failed).trace_id]).toEqual([traceId, traceId]);
      // Before it is due again; whoever takes the shard over goes on with it.
      await first.stop("SIGTERM");
      const second = await launch("delivery", "second");
      const delivered = second.log.outcome("451-at-rcpt-once@one.example", "delivered");
      expect((await delivered).trace_id).toBe(traceId);
      expect(await exemplars(second)).toContain(`godwit_delivery_latency_seconds ${traceId}`);
      await second.stop("SIGTERM");
      await edge.stop("SIGTERM");

      const spans = collector.spans.filter((span) => span.traceId === traceId);
      const root = spans.find(({ name }) => name === "receive");
      expect(root).toMatchObject({ service: "godwit-edge" });
      for (const span of spans) {
        if (span !== root) expect(span.parentSpanId).toBe(root?.spanId ?? "none");
      }
      const attempts = spans.filter(({ name }) => name === "attempt");
      expect(attempts.map(told).toSorted()).toEqual([
        "one.example 1 transient 451",
        "one.example 2 delivered 250",
        "source.example 1 delivered 250",
        "two.example 1 permanent 550",
      ]);
      expect(new Set(attempts.map(({ service }) => service))).toEqual(new Set(["godwit-delivery"]));
      expect(spans.filter(({ name }) => name === "accept")).toHaveLength(1);
      expect(spans.filter(({ name }) => name === "settle").length).toBeGreaterThanOrEqual(4);
    },
    patienceMs,
  );
});

/** Histograms, and the traces that their buckets name. */
async function exemplars(node: RoleProcess): Promise<string[]> {
  const { address, port } = node.at("control");
  const headers = { accept: "application/openmetrics-text;version=1.0.0" };
  const response = await fetch(`http://${address}:${port}/metrics`, { headers });
  const found = (await response.text()).matchAll(/^(\w+)_bucket\{.* # \{trace_id="(\w+)"/gm);
  return [...found].map(([, name, trace]) => `${name} ${trace}`);
}

/** Where it went, which try it was, and what came of it. */
function told(span: PostedSpan): string {
  const attributes = attributesOf(span);
  const keys = ["godwit.destination", "godwit.attempt", "godwit.outcome", "smtp.reply.code"];
  return keys.map((key) => attributes[key]).join(" ");
}
