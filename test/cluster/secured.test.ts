/**
 * A cluster on servers that want TLS and a password: both are checked by us and by them, and what is
 * wrong is said in words.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { generate } from "selfsigned";
import type { RoleName } from "#lib/config/role";
import { Sink } from "../../loadtest/sink/sink.ts";
import { ranGodwit } from "../support/cli/godwit-process.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import { type ClusterYaml, roleYaml } from "../support/process/role-yaml.ts";
import { type CassandraServers, startCassandra } from "../support/servers/cassandra.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const missing = natsMissing() ?? cassandraMissing();
const patienceMs = 180_000;
/** Cassandra makes its first user a moment after it listens. */
const appliesMax = 30;

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

let folder: string;
let pair: Pair;
let sink: Sink;
let nats: NatsServers;
let cassandra: CassandraServers;
let cluster: ClusterYaml;
const running = new Set<RoleProcess>();

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "godwit-secured-"));
  pair = await pairOfAnyNode();
  await writeFile(join(folder, "server.crt"), pair.certificate);
  await writeFile(join(folder, "server.key"), pair.privateKey);
  sink = await Sink.start();
  [nats, cassandra] = await Promise.all([
    startNats({ nodes: 1, configuration: natsSecurity() }),
    startCassandra({ nodes: 1, configuration: cassandraSecurity() }),
  ]);
  cluster = {
    natsServers: nats.servers,
    contactPoints: cassandra.contactPoints,
    localDataCenter: cassandra.localDataCenter,
    namespace: "secured",
    token: "a-token-of-our-own",
    nextHop: sink.endpoint,
    nats: `${tls()}  user: godwit\n  password: right\n`,
    cassandra: `${tls()}  username: cassandra\n  password: cassandra\n`,
  };
  await applied();
}, patienceMs);

afterAll(async () => {
  if (missing !== undefined) return;
  for (const node of running) await node.stop("SIGKILL");
  await Promise.all([sink.stop(), nats.stop(), cassandra.stop()]);
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(missing !== undefined)(titled("servers with TLS and passwords", missing), () => {
  test(
    "take a message from the edge to the sink, by way of a deferral",
    async () => {
      const [edge, worker] = await Promise.all([
        launch("edge", "edge"),
        launch("delivery", "worker"),
      ]);
      await Promise.all([edge.started, worker.started]);
      const deferred = worker.log.next(({ outcome }) => outcome === "transient");
      await submitted(edge, "451-at-rcpt-once@one.example");
      await deferred;
      // It was written to the store, and the store is asked for it.
      expect((await edge.operate("queue", "list")).out).toContain("451-at-rcpt-once@one.example");
    },
    patienceMs,
  );

  test(
    "are not believed without the authority that vouches for them",
    async () => {
      const nats = "  tls: {}\n  user: godwit\n  password: right\n";
      const edge = await launch("edge", "stranger", { nats });
      await edge.trouble("nats", /certificate is not believed/);
      expect(await edge.readyz()).toMatchObject({ status: 503, ready: false });
      const cassandraLines = "  tls: {}\n  username: cassandra\n  password: cassandra\n";
      const worker = await launch("delivery", "doubter", { cassandra: cassandraLines });
      await worker.trouble("cassandra", /certificate is not believed/);
    },
    patienceMs,
  );

  test(
    "refuse a wrong password, and that is said",
    async () => {
      const cassandraLines = `${tls()}  username: cassandra\n  password: wrong\n`;
      const worker = await launch("delivery", "mistaken", { cassandra: cassandraLines });
      await worker.trouble("cassandra", /credentials are refused/);
    },
    patienceMs,
  );
});

async function applied(): Promise<void> {
  await writeFile(join(folder, "godwit.yaml"), roleYaml("admin", cluster));
  for (let tries = 1; ; tries++) {
    const { code, err } = await ranGodwit(["schema", "apply"], { cwd: folder });
    if (code === 0) return;
    if (tries === appliesMax) throw new Error(err);
  }
}

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

function submitted(edge: RoleProcess, to: string): Promise<unknown> {
  const { address, port } = edge.at("submission");
  const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
  return transport.sendMail({ from: "a@source.example", to, subject: "x", text: "x" });
}

function tls(): string {
  return `  tls: { ca: ${JSON.stringify(join(folder, "server.crt"))} }\n`;
}

function natsSecurity(): string {
  return `tls { cert_file: "${join(folder, "server.crt")}", key_file: "${join(folder, "server.key")}" }
authorization { user: godwit, password: right }`;
}

function cassandraSecurity(): string {
  const indented = (pem: string) => pem.trim().replaceAll(/^/gm, "        ");
  return `
authenticator:
  class_name: org.apache.cassandra.auth.PasswordAuthenticator
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: "false"
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
    parameters:
      private_key: |
${indented(`${pair.privateKey.trim()}\n${pair.certificate}`)}
      trusted_certificates: |
${indented(pair.certificate)}
`;
}

/** Where a node will listen is not known before: on the first address of some net of loopback. */
async function pairOfAnyNode(): Promise<Pair> {
  const ips = Array.from({ length: 250 }, (_, n) => ({ type: 7, ip: `127.0.${n + 2}.1` }) as const);
  const { cert, private: privateKey } = await generate([{ name: "commonName", value: "servers" }], {
    keyType: "rsa",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, keyEncipherment: true },
      { name: "subjectAltName", altNames: [...ips] },
    ],
  });
  return { certificate: cert, privateKey };
}
