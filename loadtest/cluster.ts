#!/usr/bin/env bun
/** The cluster as a command: `npm run cluster -- --help`. As a class it is in `cluster/cluster.ts`. */
import { createInterface } from "node:readline";
import { CommanderError } from "commander";
import { clusterArguments } from "./cluster/arguments.ts";
import { Cluster } from "./cluster/cluster.ts";
import { carryOut } from "./cluster/orders.ts";
import { clusterWelcome } from "./cluster/welcome.ts";

const told = (text: string) => void process.stdout.write(text);

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(String(error));
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

async function run(args: readonly string[]): Promise<void> {
  const options = clusterArguments(args);
  // Nothing has to be put in order yet, and what runs already ends with this process.
  const abandon = () => process.exit(130);
  process.once("SIGINT", abandon).once("SIGTERM", abandon);
  const cluster = await Cluster.start({ ...options, told });
  process.off("SIGINT", abandon).off("SIGTERM", abandon);
  const ended = new Promise<void>((resolve) => {
    process.on("SIGTERM", resolve).on("SIGINT", resolve);
  });
  told(clusterWelcome(cluster, options.nextHop));
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void carryOut(cluster, line).then(told));
  await ended;
  lines.close();
  await cluster.stop();
  process.exit(0);
}
