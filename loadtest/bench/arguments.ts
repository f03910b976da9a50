/** The command line of the benchmark. */
import { command, positive, someOf } from "../argument.ts";

export const contestantNames = ["ceiling", "godwit", "postfix"] as const;
export type ContestantName = (typeof contestantNames)[number];

export interface BenchOptions {
  readonly messages: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly runs: number;
  readonly only: readonly ContestantName[];
  /** Sessions to be held, or undefined: not measured. */
  readonly idle: number | undefined;
  readonly measuresLone: boolean;
  /** Messages that are to wait, or undefined: not measured. */
  readonly deferred: number | undefined;
  readonly measuresThroughput: boolean;
}

interface Options {
  readonly messages: number;
  readonly sessions: number;
  readonly size: number;
  readonly runs: number;
  readonly only: readonly ContestantName[];
  readonly idle?: number;
  readonly lone?: boolean;
  readonly deferred?: number;
  readonly throughput: boolean;
}

/** @throws CommanderError, which commander has told already */
export function benchArguments(args: readonly string[]): BenchOptions {
  const program = command("bench", "Godwit beside Postfix on this machine, in one run.")
    .option("--messages <n>", "in each run", positive, 20_000)
    .option("--sessions <n>", "of the source", positive, 20)
    .option("--size <octets>", "of a message", positive, 4_096)
    .option("--runs <n>", "of each; the medians count", positive, 5)
    .option("--only <names>", contestantNames.join(","), someOf(contestantNames), contestantNames)
    .option("--no-throughput", "only what else is asked for")
    .option("--lone", "what a lone message waits for its 250")
    .option("--idle <n>", "what so many idle sessions cost", positive)
    .option(
      "--deferred <n>",
      "what so many messages for a destination that is down change",
      positive,
    );
  const options = program.parse([...args], { from: "user" }).opts<Options>();
  return {
    messages: options.messages,
    sessions: options.sessions,
    sizeBytes: options.size,
    runs: options.runs,
    only: options.only,
    idle: options.idle,
    measuresLone: options.lone === true,
    deferred: options.deferred,
    measuresThroughput: options.throughput,
  };
}
