/** The command line of the source. */
import { command, endpoint, oneOf, positive } from "../argument.ts";
import { isRunName } from "../load-id.ts";
import { inProportion, type Weighted, weighted } from "./proportion.ts";
import type { SessionOptions } from "./session.ts";
import { type MixName, mixNames, sizesOf } from "./size-mix.ts";
import type { SourceOptions } from "./source.ts";

export interface SourceRun {
  readonly source: SourceOptions;
  /** A file that gets a line for each message that got a 250: its id and recipients. */
  readonly accounts: string | undefined;
  /** A file that gets the latencies, in HdrHistogram's form. */
  readonly histogram: string | undefined;
  readonly output: "text" | "json";
}

interface Options {
  readonly messages: number;
  readonly sessions: number;
  readonly rate?: number;
  readonly size: readonly Weighted<number>[];
  readonly mix?: MixName;
  readonly recipients: number;
  readonly domain: readonly Weighted<string>[];
  readonly domains?: number;
  readonly localPart: string;
  readonly from: string;
  readonly tls: SessionOptions["tls"];
  readonly user?: string;
  readonly password?: string;
  readonly pipelining?: boolean;
  readonly bdat?: boolean;
  readonly perSession?: number;
  readonly reconnect?: boolean;
  readonly run: string;
  readonly replyTimeout: number;
  readonly accounts?: string;
  readonly histogram?: string;
  readonly json?: boolean;
}

/** @throws CommanderError, which commander has told already */
export function sourceArguments(args: readonly string[], newRun: () => string): SourceRun {
  const program = command("source", "Sends messages and remembers which got a 250.")
    .argument("<address:port>", "where to send them", endpoint)
    .option("--messages <n>", "how many", positive, 1_000)
    .option("--sessions <n>", "how many at once", positive, 20)
    .option(
      "--rate <n>",
      "messages a second in all, due whether a session is free or not; without it: as fast as they are taken",
      positive,
    )
    .option("--size <octets,…>", "sizes, in turn, or by weight: 4096=9,50000=1", sizes, [
      { item: 4_096, weight: 1 },
    ])
    .option("--mix <name>", `sizes as they were counted: ${mixNames.join(", ")}`, oneOf(mixNames))
    .option("--recipients <n>", "of each message", positive, 1)
    .option("--domain <name,…>", "of the recipients, in turn, or by weight: a=5,b=1", weighted, [
      { item: "sink.example", weight: 1 },
    ])
    .option("--domains <n>", "so many domains below each --domain", positive)
    .option("--local-part <word>", "of the recipients; may ask the sink for a fault", "load")
    .option("--from <path>", "the reverse-path; may be empty", "load@load.example")
    .option(
      "--tls <how>",
      "none, starttls, implicit",
      oneOf(["none", "starttls", "implicit"]),
      "none",
    )
    .option("--user <name>", "AUTH PLAIN")
    .option("--password <text>", "AUTH PLAIN", "")
    .option("--pipelining", "the envelope in one write; with --bdat the content, too")
    .option("--bdat", "BDAT instead of DATA where the server says CHUNKING")
    .option("--per-session <n>", "messages in a session; without it: no limit", positive)
    .option("--reconnect", "go on when the server dies; what was unanswered is unknown")
    .option("--run <name>", "a-z and 0-9, the first part of each id", newRun())
    .option("--reply-timeout <seconds>", "for each reply", positive, 300)
    .option("--accounts <file>", "or - for stdout: a line for each with a 250: id, copies")
    .option("--histogram <file>", "write the latencies, in HdrHistogram's form")
    .option("--json", "JSON instead of text");
  program.parse([...args], { from: "user" });
  const options = program.opts<Options>();
  if (!isRunName(options.run)) program.error(`"${options.run}" is no name of a run`);
  const to = endpoint(program.args[0] ?? "");
  return {
    source: sourceOf(to, options),
    accounts: options.accounts,
    histogram: options.histogram,
    output: options.json === true ? "json" : "text",
  };
}

function sourceOf(to: SourceOptions["to"], options: Options): SourceOptions {
  const { user: name, password = "" } = options;
  return {
    to,
    job: {
      run: options.run,
      sizesBytes: options.mix === undefined ? inProportion(options.size) : sizesOf(options.mix),
      recipients: options.recipients,
      domains: domainsOf(inProportion(options.domain), options.domains),
      localPart: options.localPart,
      reversePath: options.from,
    },
    session: {
      tls: options.tls,
      auth: name === undefined ? undefined : { name, password },
      pipelining: options.pipelining === true ? "envelope" : "never",
      chunking: options.bdat === true ? "if-offered" : "never",
      hostname: "source.example",
    },
    sessions: options.sessions,
    messages: options.messages,
    ratePerSecond: options.rate,
    messagesPerSession: options.perSession ?? Number.POSITIVE_INFINITY,
    reconnect: options.reconnect === true ? "always" : "never",
    replyTimeoutMs: options.replyTimeout * 1_000,
  };
}

/** In each of so many rounds the next below each name. */
function domainsOf(names: readonly string[], count: number | undefined): readonly string[] {
  if (count === undefined) return names;
  const turns = new Map<string, number>();
  return Array.from({ length: count }, () => names).flatMap((round) =>
    round.map((name) => {
      const turn = turns.get(name) ?? 0;
      turns.set(name, turn + 1);
      return `d${turn % count}.${name}`;
    }),
  );
}

function sizes(text: string): readonly Weighted<number>[] {
  return weighted(text).map(({ item, weight }) => ({ item: positive(item), weight }));
}
