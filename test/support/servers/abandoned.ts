/** What comes of a server whose starter is killed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#lib/clock";

export interface Abandoned {
  /** Of the starter's end. */
  readonly signal: Bun.Subprocess["signalCode"] | number | null;
  /** Resolves when the server and its folder are gone; rejects when they stay. */
  readonly gone: Promise<void>;
}

const goneMaxMs = 10_000;
const pollMs = 20;

export async function abandoned(): Promise<Abandoned> {
  const program = join(import.meta.dir, "abandoning-process.ts");
  const child = Bun.spawn([process.execPath, program], { stdout: "pipe" });
  const line = await child.stdout.text();
  await child.exited;
  const { pid, folder }: { pid: number; folder: string } = JSON.parse(line);
  return { signal: child.signalCode, gone: goneSoon(pid, folder) };
}

async function goneSoon(pid: number, folder: string): Promise<void> {
  const deadline = systemClock.monotonic() + goneMaxMs;
  while (isRunning(pid) || existsSync(folder)) {
    if (systemClock.monotonic() > deadline) throw new Error(`${pid} or ${folder} is still there`);
    await systemClock.sleep(pollMs);
  }
}

/** Who has ended and waits to be reaped has no command line any more. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}
