/** The chart's NATS and Cassandra as real servers on loopback: its configurations, logins and certificates. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type CassandraServers, startCassandra } from "../servers/cassandra.ts";
import { freePorts } from "../servers/loopback.ts";
import { ServerGroup } from "../servers/server-group.ts";
import { nodeFolder } from "../servers/server-node.ts";
import { natsBinary } from "../servers/toolchain/nats-binary.ts";
import { fileOf, type Manifest, named } from "./chart.ts";
import { podEnvironment, podFiles, writeFiles } from "./pod-files.ts";

export interface ChartNats {
  /** A name that its certificate has; by the ordinal of the pod. */
  readonly servers: readonly string[];
  /** What the server's monitoring says. */
  readonly monitored: (node: number, path: string) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

const address = "127.0.0.1";
const portsOfNode = ["client", "http", "peers"] as const;
type NatsPort = (typeof portsOfNode)[number];
const readyMaxMs = 60_000;
const healthMaxMs = 2_000;

/** All on one address, whose name the certificate has. */
export async function startChartNats(
  manifests: readonly Manifest[],
  nodes: number,
): Promise<ChartNats> {
  const binary = await natsBinary();
  const set = named(manifests, "StatefulSet", "-nats");
  const ports = await freePorts([address], nodes * portsOfNode.length);
  const portOf = (node: number, of: NatsPort) =>
    ports[node * portsOfNode.length + portsOfNode.indexOf(of)] ?? 0;
  const monitored = (node: number, path: string) =>
    fetch(`http://${address}:${portOf(node, "http")}${path}`, {
      signal: AbortSignal.timeout(healthMaxMs),
    });
  const group = await ServerGroup.start({
    name: "chart-nats",
    nodes,
    folder: undefined,
    portCount: 0,
    plan: async (node, place) => {
      const folder = await nodeFolder(place.folder, node);
      const tls = await writeFiles(join(folder, "tls"), podFiles(manifests, set, "tls"));
      const text = fileOf(manifests, "-nats", "nats.conf")
        .replace("0.0.0.0:4222", `${address}:${portOf(node, "client")}`)
        .replace("0.0.0.0:8222", `${address}:${portOf(node, "http")}`)
        .replace("0.0.0.0:6222", `${address}:${portOf(node, "peers")}`)
        .replaceAll(
          /(nats-route:\/\/)[^\s:]+-(\d)\.[^\s:]+:6222/g,
          (_, scheme, peer) => `${scheme}localhost:${portOf(Number(peer), "peers")}`,
        )
        .replace('"/data"', JSON.stringify(join(folder, "data")))
        .replaceAll("/etc/nats-tls", tls);
      const file = join(folder, "nats.conf");
      await writeFile(file, text);
      return {
        name: `nats-server ${node}`,
        folder,
        command: [binary, "--config", file],
        environment: { POD_NAME: `mail-godwit-nats-${node}`, ...podEnvironment(manifests, set) },
        // As the pod's readiness is.
        isReady: () => isHealthy(monitored(node, "/healthz?js-server-only=true")),
        readyMaxMs,
      };
    },
  });
  const servers = Array.from({ length: nodes }, (_, node) => `localhost:${portOf(node, "client")}`);
  return { servers, monitored, stop: () => group.stop() };
}

async function isHealthy(asked: Promise<Response>): Promise<boolean> {
  try {
    return (await asked).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

/** What the chart says of logins and certificates. */
const securityKeys = [
  "authenticator",
  "authorizer",
  "role_manager",
  "client_encryption_options",
  "server_encryption_options",
];

/** A node with them; all else is the test's own, which starts sooner. */
export async function startChartCassandra(
  manifests: readonly Manifest[],
  folder: string,
): Promise<CassandraServers> {
  const set = named(manifests, "StatefulSet", "-cassandra");
  await mkdir(folder, { recursive: true });
  const tls = await writeFiles(folder, podFiles(manifests, set, "tls"));
  const written: unknown = parse(fileOf(manifests, "-cassandra", "cassandra.yaml"));
  const security = Object.entries({ ...Object(written) }).filter(([key]) =>
    securityKeys.includes(key),
  );
  const text = stringify(Object.fromEntries(security));
  const configuration = `\n${text.replaceAll("/etc/godwit-cassandra-tls", tls)}`;
  return await startCassandra({ nodes: 1, configuration });
}
