/** What a message costs as the queue, the destinations, the sessions or the cluster grow. */
import { Source } from "../../source/source.ts";
import { cluster } from "../contestants/cluster.ts";
import { domains, pidsOf, type Running } from "../contestants/contestant.ts";
import { godwit } from "../contestants/godwit.ts";
import { untilQuiet } from "../process-tree.ts";
import { medianOf } from "../statistics.ts";
import { type Throughput, throughput } from "../throughput.ts";
import { sourceOptions } from "../workload.ts";
import { type Axis, type AxisName, type Load, loadOf } from "./axes.ts";

export interface ScalingOptions {
  readonly axes: readonly Axis[];
  readonly messages: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly domains: number;
  readonly shards: number;
  readonly runs: number;
}

export interface Step {
  readonly axis: AxisName;
  readonly at: number;
  /** Medians of the runs. */
  readonly throughPerSecond: number;
  readonly cpuPerThousandSeconds: number;
  readonly p50Ms: number;
  readonly rssBytes: number;
  readonly othersCores: number;
}

const fillSessions = 100;
const quietCores = 0.1;

/** In the order of the axes; `told` hears of each step when it is measured. */
export async function scaling(
  options: ScalingOptions,
  told: (step: Step) => void,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const { name, steps: points } of options.axes) {
    for (const at of points) {
      const load = loadOf(name, at, options);
      const runs: Throughput[] = [];
      for (let i = 0; i < options.runs; i++) runs.push(await measured(load, options.sizeBytes));
      const step = stepOf(name, at, runs);
      steps.push(step);
      told(step);
    }
  }
  return steps;
}

function measured(load: Load, sizeBytes: number): Promise<Throughput> {
  const { messages, sessions, domains: domainCount, waiting } = load;
  return throughput(load.isCluster ? cluster(load) : godwit, {
    messages,
    sessions,
    sizeBytes,
    domains: domainCount,
    prepare: (running) => fill(running, waiting, sizeBytes),
  });
}

/** For a destination that is down; resolves when they lie where they wait. */
async function fill(running: Running, waiting: number, sizeBytes: number): Promise<void> {
  if (waiting === 0) return;
  const load = { to: running.endpoint, run: "waiting", messages: waiting, sizeBytes };
  const summary = await new Source(
    sourceOptions({ ...load, sessions: fillSessions, domain: domains.down }),
  ).run();
  if (summary.accepted !== waiting) {
    throw new Error(`Cannot measure: ${summary.accepted} of ${waiting} were taken`);
  }
  await untilQuiet(pidsOf(running), quietCores);
}

function stepOf(axis: AxisName, at: number, runs: readonly Throughput[]): Step {
  const of = (pick: (run: Throughput) => number) => medianOf(runs.map(pick));
  return {
    axis,
    at,
    throughPerSecond: of((it) => it.throughPerSecond),
    cpuPerThousandSeconds: of((it) => it.cpuPerThousandSeconds),
    p50Ms: of((it) => it.p50Ms),
    rssBytes: of((it) => it.rssBytes),
    othersCores: of((it) => it.othersCores),
  };
}
