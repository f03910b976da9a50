/** The command line of the benchmark. */
import type { Command } from "commander";
import { command, counts, oneOf, positive, someOf } from "../argument.ts";
import { type Axis, type AxisName, axesOf, axisNames } from "./scaling/axes.ts";

export const contestantNames = [
  "ceiling",
  "godwit",
  "edge-thread",
  "one-thread",
  "postfix",
  "cluster",
] as const;
export type ContestantName = (typeof contestantNames)[number];
/** A cluster needs Java and 2 GiB of memory, and is no peer of a server on one machine. */
const usualNames: readonly ContestantName[] = ["ceiling", "godwit", "postfix"];

export interface BenchOptions {
  readonly messages: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  /** So many destinations, in turn. */
  readonly domains: number;
  /** Of the cluster. */
  readonly shards: number;
  readonly runs: number;
  readonly only: readonly ContestantName[];
  /** Sessions to be held, or undefined: not measured. */
  readonly idle: number | undefined;
  readonly measuresLone: boolean;
  /** Messages that are to wait, or undefined: not measured. */
  readonly deferred: number | undefined;
  /** So many destinations that they are for. */
  readonly deferredDomains: number;
  readonly measuresThroughput: boolean;
  /** Minutes, or undefined: not measured. */
  readonly growth: number | undefined;
  /** While growth is watched. */
  readonly ratePerSecond: number;
  /** What of limits is measured; undefined: nothing. */
  readonly limits: LimitsOptions | undefined;
  /** What grows step by step; undefined: not measured. */
  readonly scaling: readonly Axis[] | undefined;
}

export const limitsParts = ["accuracy", "fairness", "destinations", "reckoning"] as const;
export type LimitsPart = (typeof limitsParts)[number];

export interface LimitsOptions {
  readonly parts: readonly LimitsPart[];
  /** Of accuracy, in peace. */
  readonly seconds: number;
  /** Whether each domain of the provider has a host of its own. */
  readonly hosts: "own" | "shared";
  /** Messages of the large tenant. */
  readonly queued: number;
}

interface Options {
  readonly messages: number;
  readonly sessions: number;
  readonly size: number;
  readonly domains: number;
  readonly shards: number;
  readonly runs: number;
  readonly only: readonly ContestantName[];
  readonly idle?: number;
  readonly lone?: boolean;
  readonly deferred?: number;
  readonly deferredDomains: number;
  readonly throughput: boolean;
  readonly growth?: number;
  readonly rate: number;
  readonly limits?: true | readonly LimitsPart[];
  readonly limitsSeconds: number;
  readonly limitsHosts: LimitsOptions["hosts"];
  readonly limitsQueued: number;
  readonly scaling?: true | readonly AxisName[];
  readonly scalingSteps: readonly number[];
}

/** @throws CommanderError, which commander has told already */
export function benchArguments(args: readonly string[]): BenchOptions {
  const program = command("bench", "Godwit beside Postfix on this machine, in one run.")
    .option("--messages <n>", "in each run", positive, 20_000)
    .option("--sessions <n>", "of the source", positive, 20)
    .option("--size <octets>", "of a message", positive, 4_096)
    .option("--domains <n>", "destinations of the messages, in turn", positive, 1)
    .option("--shards <n>", "of the cluster", positive, 16)
    .option("--runs <n>", "of each; the medians count", positive, 5)
    .option("--only <names>", contestantNames.join(","), someOf(contestantNames), usualNames)
    .option("--no-throughput", "only what else is asked for")
    .option("--lone", "what a lone message waits for its 250")
    .option("--idle <n>", "what so many idle sessions cost", positive)
    .option(
      "--deferred <n>",
      "what so many messages for a destination that is down change",
      positive,
    )
    .option(
      "--deferred-domains <n>",
      "destinations of those, all down; three in ten are for the first",
      positive,
      1,
    )
    .option(
      "--growth <minutes>",
      "what grows in a cluster at a steady rate; nothing else",
      positive,
    )
    .option("--rate <n>", "messages a second for --growth", positive, 500);
  const options = withScaling(withLimits(program))
    .parse([...args], { from: "user" })
    .opts<Options>();
  return {
    messages: options.messages,
    sessions: options.sessions,
    sizeBytes: options.size,
    domains: options.domains,
    shards: options.shards,
    runs: options.runs,
    only: options.only,
    idle: options.idle,
    measuresLone: options.lone === true,
    deferred: options.deferred,
    deferredDomains: options.deferredDomains,
    measuresThroughput:
      options.throughput &&
      options.growth === undefined &&
      options.limits === undefined &&
      options.scaling === undefined,
    growth: options.growth,
    ratePerSecond: options.rate,
    limits: limitsOf(options),
    scaling: scalingOf(options),
  };
}

function withLimits(program: Command): Command {
  return program
    .option(
      "--limits [parts]",
      `whether limits are kept and used; nothing else: ${limitsParts.join(",")}`,
      someOf(limitsParts),
    )
    .option("--limits-seconds <n>", "of accuracy, while nothing is harmed", positive, 60)
    .option(
      "--limits-hosts <whose>",
      "own: each of the provider's domains has a host of its own; shared: all have one",
      oneOf(["own", "shared"]),
      "own",
    )
    .option("--limits-queued <n>", "messages of the large tenant", positive, 100_000);
}

function withScaling(program: Command): Command {
  return program
    .option(
      "--scaling [axes]",
      `what a message costs as something grows; nothing else: ${axisNames.join(",")}`,
      someOf(axisNames),
    )
    .option("--scaling-steps <numbers>", "of each axis, instead of the usual ones", counts, []);
}

function scalingOf({ scaling, scalingSteps }: Options): readonly Axis[] | undefined {
  return scaling && axesOf(scaling === true ? axisNames : scaling, scalingSteps);
}

function limitsOf(options: Options): LimitsOptions | undefined {
  const { limits, limitsSeconds: seconds, limitsHosts: hosts, limitsQueued: queued } = options;
  if (limits === undefined) return undefined;
  return { parts: limits === true ? limitsParts : limits, seconds, hosts, queued };
}
