/** What is typed while a cluster runs: something happens to one of its processes. */
import type { ServerNode } from "../../test/support/servers/server-node.ts";
import type { Cluster } from "./cluster.ts";

type Act = (node: ServerNode) => Promise<void>;

const acts: Readonly<Record<string, Act>> = {
  kill: (node) => node.kill(),
  stop: (node) => node.terminate(),
  start: (node) => node.start(),
  pause: (node) => node.pause(),
  resume: async (node) => node.resume(),
};

/** Resolves to what a person is told. */
export async function carryOut(cluster: Cluster, line: string): Promise<string> {
  const [word = "", name = ""] = line.trim().split(/\s+/);
  if (word === "") return "";
  const nodes = nodesOf(cluster);
  const act = Object.hasOwn(acts, word) ? acts[word] : undefined;
  const node = nodes.get(name);
  if (act === undefined) return `One of: ${Object.keys(acts).join(", ")}.\n`;
  if (node === undefined) return `One of: ${[...nodes.keys()].join(", ")}.\n`;
  try {
    await act(node);
    return `${word} ${name}: done\n`;
  } catch (error) {
    return `${word} ${name}: ${error instanceof Error ? error.message : error}\n`;
  }
}

function nodesOf({ roles, nats, cassandra }: Cluster): ReadonlyMap<string, ServerNode> {
  return new Map([
    ...roles.map(({ name, node }) => [name, node] as const),
    ...nats.nodes.map((node, n) => [`nats${n}`, node] as const),
    ...cassandra.nodes.map((node, n) => [`cassandra${n}`, node] as const),
  ]);
}
