#!/usr/bin/env bun
/** The sink as a command: `bun loadtest/sink.ts --help`. As a class it is in `sink/sink.ts`. */
import { CommanderError } from "commander";
import { systemClock } from "#lib/clock";
import { systemRandom } from "#lib/random";
import { makeIdentity } from "../services/edge/identity.ts";
import { writeAccounts } from "./ledger.ts";
import { loadTransport } from "./net/load-transport.ts";
import { type SinkRun, sinkArguments } from "./sink/arguments.ts";
import type { SinkOrders } from "./sink/processes/report.ts";
import { SinkProcesses } from "./sink/processes/sink-processes.ts";
import { Sink } from "./sink/sink.ts";

const lingerMs = 500;

try {
  await run(sinkArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(String(error));
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

async function run({ sink: options, tls, ...how }: SinkRun) {
  const { processes, until, timeoutSeconds, accounts, output } = how;
  const identity = tls === "none" ? {} : { identity: await makeIdentity("sink.example"), tls };
  const sink = await start({ ...options, ...identity }, processes);
  const { address, port } = sink.endpoint;
  tell({ event: "listening", address, port }, `listening at ${address}:${port}`);

  await new Promise<void>((resolve) => {
    process.once("SIGTERM", resolve).once("SIGINT", resolve);
    if (timeoutSeconds !== undefined) systemClock.after(timeoutSeconds * 1_000, resolve);
    if (until !== undefined) void sink.until((_, ledger) => ledger.distinct >= until).then(resolve);
  });

  // A source that has just got its last 250 wants to say QUIT.
  const emptied = sink.until(({ sessionsOpen }) => sessionsOpen === 0);
  await Promise.race([emptied, systemClock.sleep(lingerMs)]);
  await sink.stop();
  await writeAccounts(accounts, sink.ledger);
  const { distinct, total } = sink.ledger;
  const { counts, faultCounts: faults } = sink;
  const { user, system } = process.cpuUsage();
  const others = sink instanceof SinkProcesses ? sink.cpuSeconds : 0;
  const cpuSeconds = (user + system) / 1e6 + others;
  const summary = { ...counts, distinct, copies: total, faults, cpuSeconds };
  tell({ event: "summary", ...summary }, JSON.stringify(summary, undefined, 2));
  process.exit(0);

  function tell(event: Readonly<Record<string, unknown>>, text: string): void {
    console.log(output === "json" ? JSON.stringify(event) : text);
  }
}

async function start(options: SinkOrders, processes: number): Promise<Sink | SinkProcesses> {
  if (processes > 1) return await SinkProcesses.start(options, processes);
  const carries = options.identity === undefined ? "clear" : "tls";
  const transport = loadTransport(carries, options.at?.address);
  return await Sink.start(options, { transport, clock: systemClock, random: systemRandom });
}
