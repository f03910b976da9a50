/** How often a server asks the kernel to make a message durable, counted by strace(1). */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { freePort } from "../../../test/peers/peer.ts";
import { Source } from "../../source/source.ts";
import { type Contestant, pidsOf } from "../contestants/contestant.ts";
import { treeOf } from "../process-tree.ts";
import { SinkProcess } from "../sink-process.ts";
import { sourceOptions, sourcePorts } from "../workload.ts";

/** For one message, by system call. */
export type Syncs = Readonly<Record<string, number>>;

const calls = ["fsync", "fdatasync", "sync_file_range", "syncfs", "sync", "msync"];
const messages = 400;
const warmUpMessages = 100;
const sessions = 20;
const sizeBytes = 4_096;
const attachMaxMs = 20_000;
const throughMaxMs = 120_000;
const settleMs = 2_000;
const pollMs = 50;

export function syncsMissing(): string | undefined {
  return Bun.which("strace") === null ? "strace is not installed" : undefined;
}

/** It is slower meanwhile: what shares a sync with others may share it with more or fewer. */
export async function syncs(contestant: Contestant): Promise<Syncs> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-syncs-"));
  const sink = await SinkProcess.start();
  try {
    const down = { address: "127.0.0.1", port: await freePort() };
    const running = await contestant.start({ up: sink.endpoint, down });
    try {
      const send = async (run: string, count: number) => {
        const load = { to: running.endpoint, sessions, sizeBytes, run, messages: count };
        await new Source(sourceOptions(load), sourcePorts("none", contestant)).run();
      };
      await send("warm", warmUpMessages);
      await sink.reached(warmUpMessages, throughMaxMs);
      const file = join(folder, "calls");
      const trace = await attached(pidsOf(running).flatMap(treeOf), file);
      try {
        await send("measured", messages);
        await sink.reached(warmUpMessages + messages, throughMaxMs);
        await systemClock.sleep(settleMs);
      } finally {
        trace.kill("SIGINT");
        await trace.exited;
      }
      return syncsIn(await readFile(file, "utf8"), messages);
    } finally {
      await running.stop();
    }
  } finally {
    await sink.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A call that another interrupts has a second line, which is not counted. */
export function syncsIn(trace: string, count: number): Syncs {
  const found: Record<string, number> = {};
  for (const [, call = ""] of trace.matchAll(/^\d+ +([a-z_]+)\(/gm)) {
    if (calls.includes(call)) found[call] = (found[call] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(found).map(([call, times]) => [call, times / count]));
}

async function attached(pids: readonly number[], file: string): Promise<Bun.Subprocess> {
  const options = ["-f", "-qq", "-e", `trace=${calls.join(",")}`, "-e", "signal=none", "-o", file];
  const named = pids.flatMap((pid) => ["-p", String(pid)]);
  const trace = Bun.spawn(["strace", ...options, ...named], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const deadline = systemClock.monotonic() + attachMaxMs;
  while (!(await Promise.all(pids.map(isTraced))).every(Boolean)) {
    if (trace.exitCode !== null || systemClock.monotonic() > deadline) {
      trace.kill();
      throw new Error("Cannot count: strace does not get hold of the server");
    }
    await systemClock.sleep(pollMs);
  }
  return trace;
}

/** All of its threads; one that has ended meanwhile is none. */
async function isTraced(pid: number): Promise<boolean> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = await Promise.all(
      threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, "utf8")),
    );
    return states.every((state) => !/^TracerPid:\s+0$/m.test(state));
  } catch {
    return true;
  }
}
