/** Real NATS servers with JetStream, as many as wanted. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GroupPlace, ServerGroup } from "./server-group.ts";
import { nodeFolder } from "./server-node.ts";
import { natsBinary } from "./toolchain/nats-binary.ts";

export interface NatsServers extends Omit<ServerGroup, "place"> {
  /** URLs, one for each node. */
  readonly servers: readonly string[];
  /** The node that leads JetStream as a whole. */
  readonly leader: () => Promise<number>;
}

export interface NatsServersOptions {
  readonly nodes: number;
  /**
   * `always`: an fsync before each PubAck, as in production. The server's own is two minutes, which
   * is faster and survives the kill of processes, if not of machines.
   */
  readonly sync?: "always" | "2m";
  /** Lines that are added to each server's configuration: accounts, TLS. */
  readonly configuration?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

const readyMaxMs = 60_000;
const healthMaxMs = 2_000;

export async function startNats(options: NatsServersOptions): Promise<NatsServers> {
  const binary = await natsBinary();
  const group = await ServerGroup.start({
    name: "nats",
    nodes: options.nodes,
    folder: options.folder,
    portCount: 3,
    plan: async (node, place) => {
      const folder = await nodeFolder(place.folder, node);
      const file = join(folder, "nats.conf");
      await writeFile(file, configurationOf({ node, place, folder, options }));
      return {
        name: `nats-server ${node}`,
        folder,
        command: [binary, "-c", file],
        environment: options.environment,
        isReady: () => isHealthy(place, node),
        readyMaxMs,
      };
    },
  });
  const { addresses, ports } = group.place;
  const servers = addresses.map((address) => `nats://${address}:${ports[0]}`);
  const leader = async () => {
    const answer = await fetch(`http://${addresses[0]}:${ports[1]}/jsz`);
    return Number(/"leader":\s*"n(\d)"/.exec(await answer.text())?.[1]);
  };
  return Object.assign(group, { servers, leader });
}

interface NodePlace {
  readonly node: number;
  readonly place: GroupPlace;
  readonly folder: string;
  readonly options: NatsServersOptions;
}

function configurationOf({ node, place, folder, options }: NodePlace): string {
  const { addresses, ports } = place;
  const [client, http, route] = ports;
  const here = addresses[node];
  const routes = addresses.map((address) => `nats-route://${address}:${route}`).join(", ");
  const cluster = `cluster { name: godwit, listen: "${here}:${route}", routes: [ ${routes} ] }`;
  return `server_name: n${node}
listen: "${here}:${client}"
http: "${here}:${http}"
max_payload: 2MB
max_pending: 128MB
jetstream {
  store_dir: "${join(folder, "data")}"
  max_mem: 512MB
  max_file: 100GB
  sync_interval: ${options.sync ?? "2m"}
}
${addresses.length > 1 ? cluster : ""}
${options.configuration ?? ""}
`;
}

/** With JetStream and, in a cluster, a leader of it. */
async function isHealthy({ addresses, ports }: GroupPlace, node: number): Promise<boolean> {
  try {
    const url = `http://${addresses[node]}:${ports[1]}/healthz`;
    return (await fetch(url, { signal: AbortSignal.timeout(healthMaxMs) })).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}
