/** `godwit.yaml` of each process of a cluster on one machine. */
import type { Endpoint } from "#lib/net/transport";

export type ClusterRole = "edge" | "delivery" | "control";

/** What all of them have in common. */
export interface ClusterConfig {
  readonly shards: number;
  readonly natsServers: readonly string[];
  readonly cassandraContactPoints: readonly string[];
  readonly localDataCenter: string;
  /** Where all mail goes. */
  readonly nextHop: Endpoint;
  /** But for these domains. */
  readonly exceptions: readonly Exception[];
  /** That of some destinations by name: there it goes, too, but not without DNS. */
  readonly named: NamedHop | undefined;
  /** Relative to the file. */
  readonly tokenFile: string;
  /** Reserved on each server, for each shard: `1GiB`. */
  readonly shardBytesMax: string;
  /** Further keys of `delivery`: `retry: { first: 1s }`. */
  readonly delivery: readonly string[];
  /** Absolute paths. */
  readonly shaping: readonly string[];
}

export interface Exception {
  readonly domain: string;
  readonly nextHop: Endpoint;
}

export interface NamedHop {
  /** `*.named.example` */
  readonly destinations: string;
  readonly host: string;
  readonly nameServer: Endpoint;
}

export interface RoleConfig extends ClusterConfig {
  readonly name: string;
  readonly role: ClusterRole;
  readonly controlPort: number;
  /** Of an edge. */
  readonly smtpPort: number | undefined;
}

/** More copies than servers cannot be had, and more than three are not wanted. */
const copiesMax = 3;

/** All who send to it come from one address. */
const sessionsMax = 20_000;

export function roleYaml(config: RoleConfig): string {
  const { natsServers, cassandraContactPoints, nextHop, named } = config;
  const replicas = natsServers.length < copiesMax ? 1 : copiesMax;
  const replication = Math.min(copiesMax, cassandraContactPoints.length);
  return `# Written at each start by npm run cluster.
hostname: ${config.name}.godwit.example
data: .
shards: ${config.shards}
nats:
  servers: ${flowList(natsServers)}
  replicas: ${replicas}
  shardBytesMax: ${config.shardBytesMax}
cassandra:
  contactPoints: ${flowList(cassandraContactPoints)}
  localDataCenter: ${config.localDataCenter}
  replication: ${replication}
control: { address: 127.0.0.1, port: ${config.controlPort}, tokenFile: ${config.tokenFile} }
shaping: ${flowList(config.shaping)}
routes:
${[...config.exceptions, { domain: "*", nextHop }].map(routeText).join("")}${named === undefined ? "" : byName(named, nextHop)}${ofRole(config)}`;
}

function byName({ destinations, host, nameServer }: NamedHop, { port }: Endpoint): string {
  return `  - { domain: "${destinations}", nextHop: "smtp://${host}:${port}" }
dns: { servers: ["${nameServer.address}:${nameServer.port}"] }
`;
}

function ofRole({ role, name, smtpPort, delivery }: RoleConfig): string {
  if (role === "delivery") return `delivery: { ${[`name: ${name}`, ...delivery].join(", ")} }\n`;
  if (role === "control" || smtpPort === undefined) return "";
  return `limits: { sessionsMax: ${sessionsMax}, sessionsPerAddressMax: ${sessionsMax} }
listeners:
  - name: submission
    address: 127.0.0.1
    port: ${smtpPort}
    kind: submission
    trustedNetworks: [127.0.0.0/8]
`;
}

function routeText({ domain, nextHop }: Exception): string {
  return `  - { domain: "${domain}", nextHop: "smtp://${nextHop.address}:${nextHop.port}" }\n`;
}

function flowList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;
}
