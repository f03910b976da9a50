/** The command line of the benchmark. */
import type { Command } from "commander";
import { command, counts, oneOf, positive, someOf } from "../argument.ts";
import type { ExternalOptions } from "./contestants/external.ts";
import { type Axis, type AxisName, axesOf, axisNames } from "./scaling/axes.ts";

export const contestantNames = [
  "ceiling",
  "godwit",
  "edge-thread",
  "one-thread",
  "postfix",
  "exim",
  "opensmtpd",
  "haraka",
  "external",
  "cluster",
] as const;
export type ContestantName = (typeof contestantNames)[number];
/** Where each message must wait for minutes, or a session is a process, these are enough. */
const fewNames: readonly ContestantName[] = ["ceiling", "godwit", "postfix"];
/** A cluster needs Java and 2 GiB of memory, and is no peer of a server on one machine. */
const usualNames: readonly ContestantName[] = [...fewNames, "exim", "opensmtpd", "haraka"];
/** The domains of a soak: what happens to one must not hold up the others. */
const soakDomains = 200;
const soakMinutes = 5;
const usualRuns = 5;

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
  /** Of sizes, sessions, destinations and STARTTLS; undefined: not measured. */
  readonly matrix: "full" | "quick" | undefined;
  readonly measuresSyncs: boolean;
  /** Of the soak; undefined: there is none. */
  readonly soakMinutes: number | undefined;
  /** Of the contestant of that name. */
  readonly external: ExternalOptions | undefined;
  readonly tls: "none" | "starttls";
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
  readonly domains?: number;
  readonly shards: number;
  readonly runs?: number;
  readonly only?: readonly ContestantName[];
  readonly matrix?: true | "full" | "quick";
  readonly syncs?: boolean;
  readonly soak?: boolean;
  readonly minutes: number;
  readonly external?: string;
  readonly externalSyncs?: boolean;
  readonly starttls?: boolean;
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
  const program = command("bench", "Godwit beside its peers on this machine, in one run.")
    .option("--messages <n>", "in each run", positive, 20_000)
    .option("--sessions <n>", "of the source", positive, 20)
    .option("--size <octets>", "of a message", positive, 4_096)
    .option(
      "--domains <n>",
      `destinations of the messages, in turn (1; of a soak ${soakDomains})`,
      positive,
    )
    .option("--starttls", "each session is under TLS")
    .option("--shards <n>", "of the cluster", positive, 16)
    .option("--runs <n>", "of each; the medians count (5; of a quick matrix 1)", positive)
    .option("--only <names>", contestantNames.join(","), someOf(contestantNames))
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
  const options = withSoak(withPeers(withScaling(withLimits(program))))
    .parse([...args], { from: "user" })
    .opts<Options>();
  const { messages, sessions, shards, matrix, soak = false } = options;
  const alone = [options.growth, options.limits, options.scaling, matrix];
  const isAlone = alone.some((it) => it !== undefined) || soak;
  return {
    messages,
    sessions,
    sizeBytes: options.size,
    domains: options.domains ?? (soak ? soakDomains : 1),
    shards,
    runs: options.runs ?? (matrix === "quick" ? 1 : usualRuns),
    only: options.only ?? namesOf(options),
    idle: options.idle,
    measuresLone: options.lone === true,
    deferred: options.deferred,
    deferredDomains: options.deferredDomains,
    measuresThroughput: options.throughput && !isAlone,
    matrix: matrix === true ? "full" : matrix,
    measuresSyncs: options.syncs === true,
    soakMinutes: soak ? options.minutes : undefined,
    external: externalOf(options),
    tls: options.starttls === true ? "starttls" : "none",
    growth: options.growth,
    ratePerSecond: options.rate,
    limits: limitsOf(options),
    scaling: scalingOf(options),
  };
}

/** Who takes part when nobody is named. */
function namesOf({ soak, deferred, idle, matrix, external }: Options): readonly ContestantName[] {
  if (soak === true) return ["godwit"];
  if (deferred !== undefined || idle !== undefined) return fewNames;
  const given: readonly ContestantName[] = external === undefined ? [] : ["external"];
  const clustered: readonly ContestantName[] = matrix === undefined ? [] : ["cluster"];
  return [...usualNames, ...given, ...clustered];
}

function externalOf({ external, externalSyncs }: Options): ExternalOptions | undefined {
  if (external === undefined) return undefined;
  return { command: external, durability: externalSyncs === true ? "synced" : "unknown" };
}

function withPeers(program: Command): Command {
  return program
    .option(
      "--matrix [which]",
      "sizes, sessions, destinations, STARTTLS, and nothing else: full, or quick",
      oneOf(["full", "quick"]),
    )
    .option("--syncs", "how often each syncs for a message; needs strace")
    .option("--external <command>", "starts another server: loadtest/peers.md")
    .option("--external-syncs", "it syncs before its 250, so that there is a ratio");
}

function withSoak(program: Command): Command {
  return program
    .option("--soak", "at 70 % of its capacity while the sink misbehaves, and nothing else")
    .option("--minutes <n>", "of the soak; 120 is the long form", positive, soakMinutes);
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
