/** Messages as fast as they are taken, until the last of them is at the sink. */
import { systemClock } from "#lib/clock";
import { freePort } from "../../test/peers/peer.ts";
import { loadTransport } from "../net/load-transport.ts";
import { Source } from "../source/source.ts";
import type { SourceSummary } from "../source/summary.ts";
import { type StoreWrites, writesBetween } from "./cluster/store-writes.ts";
import { type Contestant, pidsOf, type Running } from "./contestants/contestant.ts";
import { machineCpuSeconds, usageOf } from "./process-tree.ts";
import { SinkProcess } from "./sink-process.ts";
import { sourceOptions } from "./workload.ts";

export interface Throughput {
  readonly acceptedPerSecond: number;
  readonly throughPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly cpuPerThousandSeconds: number;
  readonly rssBytes: number;
  readonly anonymousBytes: number;
  readonly processes: number;
  readonly extraCopies: number;
  /** In the order of the path of a message. */
  readonly roles: readonly RoleUsage[];
  /** Rows written to its database during the run, by table; undefined: it has none. */
  readonly storeWrites: StoreWrites | undefined;
  /** Cores that neither the server nor source and sink used: somebody disturbs. */
  readonly othersCores: number;
}

export interface RoleUsage {
  readonly role: string;
  readonly cpuPerThousandSeconds: number;
  readonly rssBytes: number;
  readonly processes: number;
}

export interface ThroughputOptions {
  readonly domains: number;
  readonly messages: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  /** Done to the server before it warms up. */
  readonly prepare?: (running: Running) => Promise<void>;
}

/** What compiles as it runs is at its pace by then; a mail server runs for weeks. */
const warmUpMessages = 10_000;
/** What a server does after the last delivery is part of its work. */
const settleMs = 1_000;
const throughMaxMs = 120_000;
const logMax = 3_000;

export async function throughput(
  contestant: Contestant,
  options: ThroughputOptions,
): Promise<Throughput> {
  const sink = await SinkProcess.start();
  try {
    const down = { address: "127.0.0.1", port: await freePort() };
    const running = await contestant.start({ up: sink.endpoint, down });
    try {
      await options.prepare?.(running);
      return await measure(running, sink, options);
    } catch (error) {
      const log = (await running.log()).slice(-logMax);
      throw new Error(`${contestant.name} ended its log with:\n${log}`, { cause: error });
    } finally {
      await running.stop();
    }
  } finally {
    await sink.stop();
  }
}

async function measure(
  running: Running,
  sink: SinkProcess,
  { messages, sessions, sizeBytes, domains }: ThroughputOptions,
): Promise<Throughput> {
  const common = { to: running.endpoint, sessions, sizeBytes, domainCount: domains };
  const ports = { transport: loadTransport("clear"), clock: systemClock };
  const beforehand = sourceOptions({ ...common, run: "warm", messages: warmUpMessages });
  const warmUp = new Source(beforehand, ports);
  mustBeWhole(await warmUp.run());
  await sink.reached(warmUpMessages, throughMaxMs);
  await systemClock.sleep(settleMs);

  const writesBefore = await running.storeWrites?.();
  const rolesBefore = rolesOf(running);
  const before = usage(running);
  const others = othersCpuSeconds();
  const measuredFrom = systemClock.monotonic();
  const source = new Source(sourceOptions({ ...common, run: "measured", messages }), ports);
  const summary = await source.run();
  mustBeWhole(summary);
  const reached = await sink.reached(warmUpMessages + messages, throughMaxMs);
  await systemClock.sleep(settleMs);
  const after = usage(running);
  const rolesAfter = rolesOf(running);
  const measuredSeconds = (systemClock.monotonic() - measuredFrom) / 1_000;
  const othersCores = (othersCpuSeconds() - others) / measuredSeconds;
  const writesAfter = await running.storeWrites?.();
  const { p50Ms, p99Ms, p999Ms } = summary.latency;
  return {
    acceptedPerSecond: summary.acceptedPerSecond,
    throughPerSecond: (messages * 1_000) / (reached.lastNewAt - summary.startedAt),
    p50Ms,
    p99Ms,
    p999Ms,
    cpuPerThousandSeconds: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / messages,
    rssBytes: after.rssBytes,
    anonymousBytes: after.anonymousBytes,
    processes: after.processes,
    extraCopies: reached.copies - reached.distinct,
    roles: rolesAfter.map(({ role, cpuSeconds, rssBytes, processes }) => {
      const used = cpuSeconds - (rolesBefore.find((it) => it.role === role)?.cpuSeconds ?? 0);
      return { role, cpuPerThousandSeconds: (used * 1_000) / messages, rssBytes, processes };
    }),
    storeWrites: writesAfter && writesBetween(writesBefore ?? {}, writesAfter),
    othersCores,
  };
}

/** The server and the sink are below us. */
function othersCpuSeconds(): number {
  return machineCpuSeconds() - usageOf(process.pid).cpuSeconds;
}

function mustBeWhole(summary: SourceSummary): void {
  if (summary.accepted === summary.begun && Object.keys(summary.sessionEnds).length === 0) return;
  throw new Error(`Cannot measure: not all was taken: ${JSON.stringify(summary)}`);
}

function usage(running: Running) {
  return usageOf(...pidsOf(running));
}

function rolesOf(running: Running) {
  return Object.entries(running.roles()).map(([role, pids]) => ({ role, ...usageOf(...pids) }));
}
