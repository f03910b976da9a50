/** `godwit.yaml` of a small cluster's nodes, which have the servers of all suites to themselves. */
import type { Endpoint } from "#lib/net/transport";
import { acme } from "../edge/http-bench.ts";

export interface ClusterYaml {
  readonly natsServers: readonly string[];
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  /** Of streams; a keyspace of the same name. */
  readonly namespace: string;
  readonly token: string;
  /** Where all mail goes. */
  readonly nextHop: Endpoint;
  /** Further lines of `nats` and of `cassandra`. */
  readonly nats?: string;
  readonly cassandra?: string;
}

export function roleYaml(name: string, cluster: ClusterYaml): string {
  const { namespace, token, nextHop } = cluster;
  const small = ["shard", "split", "body", "journal", "events"].map(
    (of) => `  ${of}BytesMax: 16MiB\n`,
  );
  return `hostname: ${name}.godwit.example
shards: 2
nats:
  servers: ${JSON.stringify(cluster.natsServers)}
  replicas: 1
  namespace: ${namespace}
${small.join("")}${cluster.nats ?? ""}
cassandra:
  contactPoints: ${JSON.stringify(cluster.contactPoints)}
  localDataCenter: ${cluster.localDataCenter}
  keyspace: ${namespace}
  replication: 1
${cluster.cassandra ?? ""}
delivery: { name: ${name} }
events: { stream: true }
control: { address: 127.0.0.1, port: 0, token: ${token} }
listeners:
  - { name: submission, address: 127.0.0.1, port: 0, kind: submission, trustedNetworks: [127.0.0.0/8] }
  - { name: http, address: 127.0.0.1, port: 0, kind: http }
tokens: [{ name: ${acme.name}, tenant: ${acme.tenant}, tokenHash: "${acme.tokenHash}" }]
routes: [{ domain: "*", nextHop: "smtp://${nextHop.address}:${nextHop.port}" }]
`;
}
