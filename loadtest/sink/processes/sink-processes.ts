/**
 * A sink of several processes at one port: the kernel deals out connections, each process tells
 * what came to it, and the account is kept here, so that a copy at another process is seen as one.
 */
import { join } from "node:path";
import type { Endpoint } from "#lib/net/transport";
import { Ledger } from "../../ledger.ts";
import type { Counts } from "../tally.ts";
import { addTo } from "./arrivals.ts";
import { faultsOf, type Order, type Report, type SinkOrders, sumOf, type Told } from "./report.ts";

type IsReached = (counts: Counts, ledger: Ledger) => boolean;

export class SinkProcesses implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly #reports = new Map<number, Report>();
  readonly #processes: Bun.Subprocess[] = [];
  #endpoint: Endpoint = { address: "", port: 0 };
  #sessionsOpenMax = 0;
  #waiting: { readonly isReached: IsReached; readonly resolve: () => void }[] = [];

  /** @throws when one of them cannot start */
  static async start(options: SinkOrders, count: number): Promise<SinkProcesses> {
    const sink = new SinkProcesses();
    try {
      const at = await sink.#startChild(0, options);
      const others = Array.from({ length: count - 1 }, (_, i) => {
        return sink.#startChild(i + 1, { ...options, at });
      });
      await Promise.all(others);
      sink.#endpoint = at;
      return sink;
    } catch (error) {
      await sink.stop();
      throw error;
    }
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get counts(): Counts {
    const sum = sumOf([...this.#reports.values()].map((it) => it.counts));
    return { ...sum, sessionsOpenMax: this.#sessionsOpenMax };
  }

  get faultCounts(): Readonly<Record<string, number>> {
    return faultsOf([...this.#reports.values()].map((it) => it.faults));
  }

  /** Of those that have ended: of all of them once it is stopped. */
  get cpuSeconds(): number {
    const times = this.#processes.map((it) => Number(it.resourceUsage()?.cpuTime.total ?? 0));
    return times.reduce((sum, microseconds) => sum + microseconds / 1e6, 0);
  }

  /** Resolves when that holds; looked at whenever a process has told something. */
  until(isReached: IsReached): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isReached, resolve });
      this.#tell();
    });
  }

  /** At once, with every session; what came is known then. */
  async stop(): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode === null && !child.killed) child.send({ order: "stop" } satisfies Order);
    }
    await Promise.all(this.#processes.map((child) => child.exited));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #startChild(index: number, options: SinkOrders): Promise<Endpoint> {
    return new Promise((resolve, reject) => {
      const child = Bun.spawn([process.execPath, join(import.meta.dir, "child.ts")], {
        stdin: "ignore",
        stdout: "inherit",
        stderr: "inherit",
        ipc: (told: Told) => {
          if (told.event === "listening") resolve(told.endpoint);
          else if (told.event === "report") this.#reported(index, told);
          else {
            child.kill();
            reject(new Error(told.message));
          }
        },
        onExit: () => reject(new Error("Cannot start the sink: a process of it has ended")),
      });
      this.#processes.push(child);
      child.send({ order: "start", options } satisfies Order);
    });
  }

  #reported(index: number, report: Report): void {
    this.#reports.set(index, report);
    addTo(this.ledger, report.arrivals);
    const { sessionsOpen } = sumOf([...this.#reports.values()].map((it) => it.counts));
    this.#sessionsOpenMax = Math.max(this.#sessionsOpenMax, sessionsOpen);
    this.#tell();
  }

  #tell(): void {
    if (this.#waiting.length === 0) return;
    const { counts } = this;
    this.#waiting = this.#waiting.filter(({ isReached, resolve }) => {
      if (!isReached(counts, this.ledger)) return true;
      resolve();
      return false;
    });
  }
}
