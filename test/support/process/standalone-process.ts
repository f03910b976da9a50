/**
 * `godwit standalone` as a process on a data directory of its own: started, killed, and started
 * again.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import type { Endpoint } from "#lib/net/transport";
import { command } from "../cli/godwit-process.ts";
import { setClockAhead, withSteppingClock } from "./clock-step.ts";
import { LogLines } from "./log-lines.ts";

export interface StandaloneSettings {
  /** Of the sinks, by domain or pattern. */
  readonly routes: Readonly<Record<string, Endpoint>>;
  /** The rest of `godwit.yaml`, such as `delivery: { retry: { first: 1s } }`. */
  readonly yaml?: string;
  /** Where its data is, when that is not in its own folder. */
  readonly data?: string;
}

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

/** The queue is asked from outside, and nobody tells when it is empty. */
const lookAgainMs = 20;
const listedUnits = z.object({ units: z.array(z.unknown()) });
const listenerNames = ["submission", "control"] as const;

export class StandaloneProcess implements AsyncDisposable {
  readonly log = new LogLines();
  readonly data: string;
  readonly #folder: string;
  readonly #settings: StandaloneSettings;
  #child: Child | undefined;
  #read: Promise<void> = Promise.resolve();
  #places = new Map<string, Endpoint>();

  /** Nothing runs yet. */
  static async prepare(settings: StandaloneSettings): Promise<StandaloneProcess> {
    const folder = await mkdtemp(join(tmpdir(), "godwit-faults-"));
    const prepared = new StandaloneProcess(folder, settings);
    await mkdir(prepared.data, { recursive: true });
    await prepared.route(settings.routes);
    return prepared;
  }

  private constructor(folder: string, settings: StandaloneSettings) {
    this.#folder = folder;
    this.#settings = settings;
    this.data = settings.data ?? join(folder, "data");
  }

  /** From the next start on, or from SIGHUP. */
  async route(routes: StandaloneSettings["routes"]): Promise<void> {
    await writeFile(join(this.#folder, "godwit.yaml"), this.#yaml(routes));
  }

  /** Resolves when it listens, and has said so. Ports are others than before. */
  async start(): Promise<void> {
    const listening = listenerNames.map((name) =>
      this.log.next((line) => line.event === "listening" && line.name === name),
    );
    const child = Bun.spawn([...withSteppingClock(command), "standalone"], {
      cwd: this.#folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#child = child;
    this.#read = this.#readAll(child);
    for (const { name, address, port } of await Promise.all(listening)) {
      this.#places.set(String(name), { address: String(address), port: Number(port) });
    }
  }

  /** Where it takes mail now; undefined: it does not run. */
  get submission(): Endpoint | undefined {
    return this.#places.get("submission");
  }

  get database(): string {
    return join(this.data, "queue", "queue.sqlite");
  }

  /** The operators'. */
  token(): Promise<string> {
    return Bun.file(join(this.data, "control.token")).text();
  }

  get pid(): number {
    return this.#running.pid;
  }

  /** To the operators' API. */
  async ask(path: string, body?: unknown): Promise<Response> {
    const control = this.#places.get("control");
    if (control === undefined) throw new Error("Godwit does not run");
    const token = await this.token();
    return await fetch(`http://${control.address}:${control.port}${path}`, {
      headers: { authorization: `Bearer ${token.trim()}` },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  }

  /** Resolves when nothing is in the queue any more, as an operator sees it. */
  async emptied(): Promise<void> {
    while ((await this.#listed()) > 0) await systemClock.sleep(lookAgainMs);
  }

  async #listed(): Promise<number> {
    const listed: unknown = await (await this.ask("/v1/queue?limit=1")).json();
    const { units } = listedUnits.parse(listed);
    return units.length;
  }

  signal(name: "SIGSTOP" | "SIGCONT" | "SIGHUP" | "SIGTERM"): void {
    this.#running.kill(name);
  }

  /** Its wall clock is ahead of ours from then on, or behind. Resolves when it goes by that. */
  async setClockAhead(aheadMs: number): Promise<void> {
    await setClockAhead(this.#folder, aheadMs);
    const stepped = this.log.next(({ event }) => event === "clock_stepped");
    this.#running.kill("SIGUSR2");
    await stepped;
  }

  /** At once, whatever it does. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** In good order. Resolves to the exit code. */
  stop(): Promise<number> {
    return this.#end("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) {
      this.#child.kill("SIGCONT");
      await this.kill();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #readAll(child: Child): Promise<void> {
    const [told] = await Promise.all([child.stderr.text(), this.log.read(child.stdout)]);
    this.log.ended(told);
  }

  get #running(): Child {
    if (this.#child === undefined) throw new Error("Godwit does not run");
    return this.#child;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    const child = this.#running;
    child.kill(signal);
    const code = await child.exited;
    this.#child = undefined;
    this.#places = new Map();
    await this.#read;
    return code;
  }

  #yaml(routes: StandaloneSettings["routes"]): string {
    const rows = Object.entries(routes).map(
      ([domain, { address, port }]) =>
        `  - { domain: "${domain}", nextHop: "smtp://${address}:${port}" }\n`,
    );
    return `hostname: godwit.example
data: ${this.data}
listeners:
  - { name: submission, address: 127.0.0.1, port: 0, kind: submission, trustedNetworks: [127.0.0.0/8] }
control: { address: 127.0.0.1, port: 0 }
routes:
${rows.join("")}${this.#settings.yaml ?? ""}`;
  }
}
