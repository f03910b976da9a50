/** One server as a process of its own: started until it is ready, killed, paused, started again. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import type { Watchdog } from "./watchdog.ts";

export interface NodePlan {
  /** For errors. */
  readonly name: string;
  /** Its own: data, configuration and log. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly isReady: () => Promise<boolean>;
  readonly readyMaxMs: number;
  /** After SIGTERM; then it is killed. Default: 30 s. */
  readonly stopMaxMs?: number;
  /** Told when it ends and nobody here wanted that. */
  readonly hasEnded?: (how: string) => void;
}

const pollMs = 50;
const stopPollMs = 1;
const defaultStopMaxMs = 30_000;
const tailBytes = 3_000;

export class ServerNode {
  readonly #plan: NodePlan;
  readonly #watchdog: Watchdog;
  #child: Bun.Subprocess | undefined;
  #isEnding = false;

  constructor(plan: NodePlan, watchdog: Watchdog) {
    this.#plan = plan;
    this.#watchdog = watchdog;
  }

  get name(): string {
    return this.#plan.name;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Without waiting: the nodes of a cluster become ready together. */
  launch(): void {
    const { command, environment, folder } = this.#plan;
    if (this.#child !== undefined) throw new Error(`${this.#plan.name} runs already`);
    const log = openSync(this.#logFile, "a");
    const child = Bun.spawn([...command], {
      cwd: folder,
      // A session of its own: Ctrl-C is for who started it, who then stops it in order.
      detached: true,
      env: { ...process.env, ...environment },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      onExit: ({ pid }, code, signal) => {
        this.#watchdog.ended(pid);
        if (this.#child?.pid === pid) this.#child = undefined;
        const how = signal === null ? `code ${code}` : `signal ${signal}`;
        if (!this.#isEnding) this.#plan.hasEnded?.(how);
      },
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    this.#isEnding = false;
    this.#watchdog.watch(child.pid);
  }

  /** Throws with the end of its log when it ends before, or does not get ready in time. */
  async ready(): Promise<void> {
    const { name, isReady, readyMaxMs } = this.#plan;
    const deadline = systemClock.monotonic() + readyMaxMs;
    while (!(await isReady())) {
      const isLate = systemClock.monotonic() > deadline;
      if (this.#child !== undefined && !isLate) {
        await systemClock.sleep(pollMs);
        continue;
      }
      const fault = isLate ? `is not ready after ${readyMaxMs / 1_000} s` : "has ended";
      throw new Error(`${name} ${fault}; the end of its log:\n${await this.#tail()}`);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#isEnding = true;
    child?.kill("SIGKILL");
    await child?.exited;
    this.#child = undefined;
  }

  /** As an operator stops it; killed if it takes too long. */
  async terminate(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#isEnding = true;
    child.kill("SIGTERM");
    child.kill("SIGCONT");
    const stopMaxMs = this.#plan.stopMaxMs ?? defaultStopMaxMs;
    const cancel = systemClock.after(stopMaxMs, () => child.kill("SIGKILL"));
    await child.exited;
    cancel();
    this.#child = undefined;
  }

  /** Resolves when it does nothing any more. */
  async pause(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGSTOP");
    while (!isStopped(child.pid)) await systemClock.sleep(stopPollMs);
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  get #logFile(): string {
    return join(this.#plan.folder, "log");
  }

  async #tail(): Promise<string> {
    await using file = await open(this.#logFile);
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, from);
    return buffer.subarray(0, bytesRead).toString();
  }
}

/** Each thread stops by itself; one that is gone has stopped, too. */
function isStopped(pid: number): boolean {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return true;
  return readdirSync(folder).every((thread) => {
    const file = join(folder, thread, "stat");
    return !existsSync(file) || /\) [TZX] /.test(readFileSync(file, "utf8"));
  });
}

/** Makes the folder of a node, and of all that the plan writes into it. */
export async function nodeFolder(parent: string, node: number): Promise<string> {
  const folder = join(parent, `node-${node}`);
  await mkdir(folder, { recursive: true });
  return folder;
}
