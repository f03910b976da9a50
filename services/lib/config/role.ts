/** What the roles need of the file, beyond what everybody does. */
import type { Finding } from "./fault.ts";

export const roleNames = ["standalone", "edge", "delivery", "control"] as const;
export type RoleName = (typeof roleNames)[number];

export type Server = "nats" | "cassandra";

interface Need {
  readonly server: Server;
  /** What for. */
  readonly why: string;
}

const needs: Readonly<Record<RoleName, readonly Need[]>> = {
  standalone: [],
  edge: [{ server: "nats", why: "an edge hands mail to NATS" }],
  delivery: [
    { server: "nats", why: "a delivery worker takes mail from NATS" },
    { server: "cassandra", why: "a delivery worker keeps what waits in Cassandra" },
  ],
  control: [
    { server: "nats", why: "control asks the workers over NATS" },
    { server: "cassandra", why: "control keeps holds in Cassandra" },
  ],
};

const examples: Readonly<Record<Server, string>> = {
  nats: 'nats: { servers: ["nats://127.0.0.1:4222"] }',
  cassandra: 'cassandra: { contactPoints: ["127.0.0.1:9042"], localDataCenter: datacenter1 }',
};

/** A cluster's shards move among several workers; one machine has nobody to share with. */
const shardsOfCluster = 32;
const shardsOfOne = 4;

/** What a role of a cluster talks to. */
export function serversOf(role: RoleName): readonly Server[] {
  return needs[role].map(({ server }) => server);
}

export function missingForRole(written: unknown, role: RoleName | undefined): Finding[] {
  if (role === undefined) return [];
  const file: Readonly<Record<string, unknown>> = { ...Object(written) };
  return needs[role]
    .filter(({ server }) => file[server] === undefined)
    .map(({ server, why }) => ({
      path: [server],
      isKey: false,
      message: `is missing: ${why}`,
      hint: `such as ${examples[server]}`,
    }));
}

export function shardsFor(role: RoleName | undefined, hasNats: boolean): number {
  const isCluster = role === undefined ? hasNats : role !== "standalone";
  return isCluster ? shardsOfCluster : shardsOfOne;
}
