/** The command line of the cluster. */
import { command, endpoint, positive } from "../argument.ts";
import type { ClusterOptions } from "./cluster.ts";

type Asked = Omit<ClusterOptions, "told">;

const typedText = `
While it runs, a line typed does something to a process (edge0, worker1, control0, nats2, cassandra0):
  kill worker0 · start worker0 · stop worker0 · pause nats1 · resume nats1`;

/** @throws CommanderError, which commander has told already */
export function clusterArguments(args: readonly string[]): Asked {
  const program = command("cluster", "Runs a whole cluster of Godwit on this machine.")
    .argument("[folder]", "of its data; a second start goes on with it", "data/cluster")
    .option("--edges <n>", "processes that take mail", positive, 2)
    .option("--workers <n>", "processes that deliver it", positive, 2)
    .option("--nats <n>", "NATS servers: 1, or 3 for three copies of each message", positive, 3)
    .option("--cassandra <n>", "Cassandra nodes: 1 or 3", positive, 1)
    .option("--shards <n>", "fixed at the first start", positive, 16)
    .option(
      "--next-hop <address:port>",
      "where all mail goes, such as npm run sink -- --port 2526",
      endpoint,
      { address: "127.0.0.1", port: 2526 },
    )
    .addHelpText("after", typedText);
  program.parse([...args], { from: "user" });
  const options = program.opts<Omit<Asked, "folder" | "controls">>();
  return { ...options, folder: program.args[0] ?? "data/cluster", controls: 1 };
}
