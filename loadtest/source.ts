#!/usr/bin/env bun
/**
 * The source as a command: `bun loadtest/source.ts --help`. As a class it is in `source/source.ts`.
 */
import { CommanderError } from "commander";
import { systemClock } from "#lib/clock";
import { systemRandom } from "#lib/random";
import { hgrmText } from "./hgrm.ts";
import { writeAccounts } from "./ledger.ts";
import { loadTransport } from "./net/load-transport.ts";
import { located } from "./net/located.ts";
import { type SourceRun, sourceArguments } from "./source/arguments.ts";
import { Source } from "./source/source.ts";
import { summaryText } from "./source/summary.ts";

try {
  const newRun = () => systemRandom.below(2 ** 32).toString(36);
  await run(sourceArguments(process.argv.slice(2), newRun));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(String(error));
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

/** Exit code 1: not every message got a 250. */
async function run({ source: options, accounts, histogram, output }: SourceRun) {
  const to = await located(options.to);
  const transport = loadTransport(options.session.tls === "none" ? "clear" : "tls", to.address);
  const source = new Source({ ...options, to }, { transport, clock: systemClock });
  process.once("SIGTERM", () => source.stop()).once("SIGINT", () => source.stop());
  const summary = await source.run();
  await writeAccounts(accounts, source.promised);
  if (histogram !== undefined) {
    const { latency, lateness } = source;
    await Bun.write(histogram, hgrmText(options.ratePerSecond === undefined ? latency : lateness));
  }
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const text = `${summaryText(summary)}${cpuSeconds.toFixed(2)} s of CPU, its start with it\n`;
  process.stdout.write(
    output === "json" ? `${JSON.stringify({ ...summary, cpuSeconds })}\n` : text,
  );
  process.exit(summary.accepted === options.messages ? 0 : 1);
}
