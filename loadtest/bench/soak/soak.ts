/** A server at seven tenths of what it can do, for a long time, while the sink misbehaves. */
import { systemClock } from "#lib/clock";
import { freePort } from "../../../test/peers/peer.ts";
import { Source } from "../../source/source.ts";
import type { SourceSummary } from "../../source/summary.ts";
import type { Contestant, Running, Stored } from "../contestants/contestant.ts";
import { openFilesOf, treeOf, usageOf } from "../process-tree.ts";
import { type Reached, SinkProcess } from "../sink-process.ts";
import { sourceOptions, sourcePorts } from "../workload.ts";
import { soakFaults } from "./soak-faults.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly domains: number;
  /** Told of each sample when it is taken. */
  readonly taken: (sample: SoakSample) => void;
}

/** Of one role. */
export interface RoleSample {
  readonly name: string;
  readonly rssBytes: number;
  readonly openFiles: number;
}

export interface SoakSample {
  /** Since the beginning. */
  readonly seconds: number;
  /** Since the beginning, too. */
  readonly accepted: number;
  readonly arrived: number;
  readonly roles: readonly RoleSample[];
  readonly stored: readonly Stored[];
}

export interface Soak {
  /** Messages a second that arrived in the second half of the first minute. */
  readonly capacityPerSecond: number;
  readonly ratePerSecond: number;
  /** Of the time at that rate. */
  readonly samples: readonly SoakSample[];
  readonly begun: number;
  readonly accepted: number;
  /** Ended without a reply to the final dot, or before it. */
  readonly unanswered: number;
  /** By code and stage. */
  readonly refused: Readonly<Record<string, number>>;
  readonly sink: Reached;
  /** From when a message was due to its 250. */
  readonly latenessP99Ms: number;
}

const loadShare = 0.7;
const minuteMs = 60_000;
const sampleMs = 10_000;
/** Retries come within seconds; so does what was behind. */
const drainMaxMs = 180_000;
const logMax = 3_000;

export async function soak(contestant: Contestant, options: SoakOptions): Promise<Soak> {
  const sink = await SinkProcess.start("verdicts");
  try {
    const down = { address: "127.0.0.1", port: await freePort() };
    const running = await contestant.start({ up: sink.endpoint, down });
    try {
      return await new Watch(running, sink, options).soak();
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

class Watch {
  readonly #running: Running;
  readonly #sink: SinkProcess;
  readonly #options: SoakOptions;
  readonly #startedAt = systemClock.monotonic();

  constructor(running: Running, sink: SinkProcess, options: SoakOptions) {
    this.#running = running;
    this.#sink = sink;
    this.#options = options;
  }

  async soak(): Promise<Soak> {
    await this.#sink.misbehave(...soakFaults);
    const first = this.#source("capacity", undefined);
    const filling = first.run();
    const capacityPerSecond = await this.#capacity();
    first.stop();
    const ratePerSecond = Math.max(1, Math.floor(capacityPerSecond * loadShare));
    const before = await filling;
    const second = this.#source("soak", ratePerSecond);
    const sending = second.run();
    const samples = await this.#sampled(second, before.accepted);
    second.stop();
    const after = await sending;
    await this.#sink.misbehave();
    const both = [before, after];
    const accepted = sumOf(both, (it) => it.accepted);
    return {
      capacityPerSecond,
      ratePerSecond,
      samples,
      begun: sumOf(both, (it) => it.begun),
      accepted,
      unanswered: sumOf(both, (it) => it.unknown + it.aborted),
      refused: { ...before.refused, ...after.refused },
      sink: await this.#sink.waited(accepted, drainMaxMs),
      latenessP99Ms: after.lateness.p99Ms,
    };
  }

  /** The first half of a minute only warms up. */
  async #capacity(): Promise<number> {
    await this.#until(minuteMs / 2);
    const [from, before] = [systemClock.monotonic(), await this.#sink.now()];
    await this.#until(minuteMs);
    const [to, after] = [systemClock.monotonic(), await this.#sink.now()];
    return ((after.distinct - before.distinct) * 1_000) / (to - from);
  }

  async #sampled(source: Source, acceptedBefore: number): Promise<readonly SoakSample[]> {
    const samples: SoakSample[] = [];
    const endMs = this.#options.minutes * minuteMs;
    for (let dueMs = minuteMs + sampleMs; dueMs <= endMs; dueMs += sampleMs) {
      await this.#until(dueMs);
      const accepted = acceptedBefore + source.summary().accepted;
      const { distinct: arrived } = await this.#sink.now();
      const roles = rolesOf(this.#running);
      const stored = (await this.#running.stored?.()) ?? [];
      const sample = { seconds: dueMs / 1_000, accepted, arrived, roles, stored };
      samples.push(sample);
      this.#options.taken(sample);
      await this.#running.emptyLog?.();
    }
    return samples;
  }

  #source(run: string, ratePerSecond: number | undefined): Source {
    const { sessions, sizeBytes, domains: domainCount } = this.#options;
    const load = { to: this.#running.endpoint, sessions, sizeBytes, domainCount };
    const rate = ratePerSecond === undefined ? {} : { ratePerSecond };
    const messages = Number.POSITIVE_INFINITY;
    const ports = sourcePorts("none", {});
    return new Source(sourceOptions({ ...load, ...rate, run, messages }), ports);
  }

  async #until(dueMs: number): Promise<void> {
    const passedMs = systemClock.monotonic() - this.#startedAt;
    await systemClock.sleep(Math.max(0, dueMs - passedMs));
  }
}

function rolesOf(running: Running): readonly RoleSample[] {
  return Object.entries(running.roles()).map(([name, pids]) => {
    const openFiles = pids.flatMap(treeOf).reduce((sum, pid) => sum + openFilesOf(pid), 0);
    return { name, rssBytes: usageOf(...pids).rssBytes, openFiles };
  });
}

function sumOf(
  summaries: readonly SourceSummary[],
  pick: (summary: SourceSummary) => number,
): number {
  return summaries.reduce((sum, it) => sum + pick(it), 0);
}
