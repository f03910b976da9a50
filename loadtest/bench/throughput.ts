/** Messages as fast as they are taken, until the last of them is at the sink. */
import { tmpdir } from "node:os";
import { systemClock } from "#lib/clock";
import { makeIdentity } from "../../services/edge/identity.ts";
import { freePort } from "../../test/peers/peer.ts";
import { Source } from "../source/source.ts";
import type { SourceSummary } from "../source/summary.ts";
import { type StoreWrites, writesBetween } from "./cluster/store-writes.ts";
import { type Contestant, pidsOf, type Running } from "./contestants/contestant.ts";
import { type DiskCounts, diskCounts } from "./disk/disk.ts";
import { machineCpuSeconds, residentOf, usageOf, writtenBytesOf } from "./process-tree.ts";
import { SinkProcess } from "./sink-process.ts";
import { sourceOptions, sourcePorts } from "./workload.ts";

export interface Throughput {
  readonly acceptedPerSecond: number;
  readonly throughPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly cpuPerThousandSeconds: number;
  /** The most of a run, as the processes. */
  readonly rssBytes: number;
  /** In the end. */
  readonly anonymousBytes: number;
  readonly processes: number;
  readonly extraCopies: number;
  /** By its own processes; what the file system writes for itself is not in it. */
  readonly writtenBytesPerMessage: number;
  /** Of the disk, by whomever; undefined where there is none to be counted. */
  readonly disk: DiskPerMessage | undefined;
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
  readonly writtenBytesPerMessage: number;
  readonly rssBytes: number;
  readonly processes: number;
}

export interface DiskPerMessage {
  readonly writtenBytesPerMessage: number;
  readonly flushesPerMessage: number;
}

export interface ThroughputOptions {
  readonly domains: number;
  /** Of a contestant with a share of 1. */
  readonly messages: number;
  /** `starttls` in each session, once. */
  readonly tls?: "none" | "starttls";
  readonly sessions: number;
  readonly sizeBytes: number;
  /** Done to the server before it warms up. */
  readonly prepare?: (running: Running) => Promise<void>;
}

/** It is code and pools that warm up, in sessions enough and without gigabytes. */
const warmUpSizeMax = 4_096;
const warmUpSessionsMin = 20;
/** What a server does after the last delivery is part of its work. */
const settleMs = 1_000;
const residentSampleMs = 1_000;
const throughMaxMs = 120_000;
const logMax = 3_000;

export async function throughput(
  contestant: Contestant,
  options: ThroughputOptions,
): Promise<Throughput> {
  const sink = await SinkProcess.start();
  try {
    const down = { address: "127.0.0.1", port: await freePort() };
    const identity = options.tls === "starttls" ? await makeIdentity("bench.example") : undefined;
    const running = await contestant.start({ up: sink.endpoint, down }, identity);
    try {
      await options.prepare?.(running);
      const messages = Math.max(1, Math.round(options.messages * contestant.share));
      return await measure(running, sink, { ...contestant, ...options, messages });
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

type Measure = ThroughputOptions & Pick<Contestant, "warmUpMessages" | "connectEveryMs">;

async function measure(running: Running, sink: SinkProcess, options: Measure): Promise<Throughput> {
  const { messages, sessions, sizeBytes, domains, warmUpMessages, tls = "none" } = options;
  const common = { to: running.endpoint, sessions, sizeBytes, domainCount: domains, tls };
  await warmUp(running, sink, options);
  const before = { ...counted(running), writes: await running.storeWrites?.() };
  const measuredFrom = systemClock.monotonic();
  const peak = watchResident(running);
  const load = sourceOptions({ ...common, run: "measured", messages });
  const summary = await new Source(load, sourcePorts(tls, options)).run();
  mustBeWhole(summary);
  const reached = await sink.reached(warmUpMessages + messages, throughMaxMs);
  await systemClock.sleep(settleMs);
  const after = counted(running);
  const { rssBytes: rssBytesMax, processes: processesMax } = peak();
  const measuredSeconds = (systemClock.monotonic() - measuredFrom) / 1_000;
  const writesAfter = await running.storeWrites?.();
  const { p50Ms, p99Ms, p999Ms } = summary.latency;
  return {
    acceptedPerSecond: summary.acceptedPerSecond,
    throughPerSecond: (messages * 1_000) / (reached.lastNewAt - summary.startedAt),
    p50Ms,
    p99Ms,
    p999Ms,
    cpuPerThousandSeconds: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / messages,
    rssBytes: Math.max(after.usage.rssBytes, rssBytesMax),
    anonymousBytes: after.usage.anonymousBytes,
    processes: Math.max(after.usage.processes, processesMax),
    extraCopies: reached.copies - reached.distinct,
    writtenBytesPerMessage: (after.writtenBytes - before.writtenBytes) / messages,
    disk: diskPerMessage(before.disk, after.disk, messages),
    roles: after.roles.map((now) => {
      const { role, rssBytes, processes } = now;
      const then = before.roles.find((it) => it.role === role);
      const cpuSeconds = now.cpuSeconds - (then?.cpuSeconds ?? 0);
      const writtenBytes = now.writtenBytes - (then?.writtenBytes ?? 0);
      return {
        role,
        cpuPerThousandSeconds: (cpuSeconds * 1_000) / messages,
        writtenBytesPerMessage: writtenBytes / messages,
        rssBytes,
        processes,
      };
    }),
    storeWrites: writesAfter && writesBetween(before.writes ?? {}, writesAfter),
    othersCores: (after.othersCpuSeconds - before.othersCpuSeconds) / measuredSeconds,
  };
}

async function warmUp(running: Running, sink: SinkProcess, options: Measure): Promise<void> {
  const { domains: domainCount, warmUpMessages: messages, tls = "none" } = options;
  const sessions = Math.max(options.sessions, warmUpSessionsMin);
  const sizeBytes = Math.min(options.sizeBytes, warmUpSizeMax);
  const common = { to: running.endpoint, sessions, sizeBytes, domainCount, tls };
  const load = sourceOptions({ ...common, run: "warm", messages });
  mustBeWhole(await new Source(load, sourcePorts(tls, options)).run());
  await sink.reached(messages, throughMaxMs);
  await systemClock.sleep(settleMs);
}

/** What only grows, and the memory of now. */
function counted(running: Running) {
  const pids = pidsOf(running);
  const usage = usageOf(...pids);
  const cpuSeconds = running.cpuSeconds?.() ?? usage.cpuSeconds;
  // The server and the sink are below us, but for what is counted elsewhere.
  const oursSeconds = usageOf(process.pid).cpuSeconds + cpuSeconds - usage.cpuSeconds;
  return {
    usage,
    cpuSeconds,
    roles: rolesOf(running),
    writtenBytes: writtenBytesOf(...pids),
    disk: diskCounts(tmpdir()),
    othersCpuSeconds: machineCpuSeconds() - oursSeconds,
  };
}

/** From now on until the result is called, which tells the most: a process may be one session's. */
function watchResident(running: Running): () => ReturnType<typeof residentOf> {
  let most = { rssBytes: 0, processes: 0 };
  let cancel = () => {};
  const look = () => {
    const now = residentOf(...pidsOf(running));
    most = {
      rssBytes: Math.max(most.rssBytes, now.rssBytes),
      processes: Math.max(most.processes, now.processes),
    };
    cancel = systemClock.after(residentSampleMs, look);
  };
  cancel = systemClock.after(residentSampleMs, look);
  return () => {
    cancel();
    return most;
  };
}

function diskPerMessage(
  before: DiskCounts | undefined,
  after: DiskCounts | undefined,
  messages: number,
): DiskPerMessage | undefined {
  if (before === undefined || after === undefined) return undefined;
  return {
    writtenBytesPerMessage: (after.writtenBytes - before.writtenBytes) / messages,
    flushesPerMessage: (after.flushes - before.flushes) / messages,
  };
}

function mustBeWhole(summary: SourceSummary): void {
  if (summary.accepted === summary.begun && Object.keys(summary.sessionEnds).length === 0) return;
  throw new Error(`Cannot measure: not all was taken: ${JSON.stringify(summary)}`);
}

function rolesOf(running: Running) {
  return Object.entries(running.roles()).map(([role, pids]) => ({
    role,
    ...usageOf(...pids),
    writtenBytes: writtenBytesOf(...pids),
  }));
}
