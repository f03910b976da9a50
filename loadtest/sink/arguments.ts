/** The command line of the sink. */
import { readFileSync } from "node:fs";
import { command, count, oneOf, positive, someOf } from "../argument.ts";
import { capabilities } from "./greeting.ts";
import type { SinkOrders } from "./processes/report.ts";
import { type Keep, keeps } from "./tally.ts";

export interface SinkRun {
  readonly sink: Omit<SinkOrders, "identity" | "tls">;
  readonly processes: number;
  readonly tls: "none" | "starttls" | "implicit";
  /** Ends once so many different messages have come; undefined: at SIGTERM or SIGINT. */
  readonly until: number | undefined;
  /** Ends after that time whatever has come. */
  readonly timeoutSeconds: number | undefined;
  /** A file that gets a line for each message: its id and copies. */
  readonly accounts: string | undefined;
  readonly output: "text" | "json";
}

interface Options {
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
  readonly lmtp?: boolean;
  readonly tls: SinkRun["tls"];
  readonly withhold: readonly (typeof withholdable)[number][];
  readonly sizeMax: number;
  readonly fault: readonly string[];
  readonly domains?: NonNullable<SinkOrders["domains"]>;
  readonly processes: number;
  readonly sessionsMax?: number;
  readonly keep: Keep;
  readonly until?: number;
  readonly timeout?: number;
  readonly accounts?: string;
  readonly json?: boolean;
}

const withholdable = [...capabilities, "EHLO"] as const;

const faultsText = `
Faults, of the whole sink (--fault) or asked for by a local part (550-at-rcpt+7@sink.example):
  <code>                550, 451, 421 (closes) instead of the right reply
  slow-<n>s, slow-<n>ms the right reply, later; at content: stops reading
  drop                  closes without a reply       half-a-reply  half of it, then closes
  leave                 the right reply, then closes byte-by-byte  a millisecond each
  silence               no reply, ever               garbage       octets that are no reply
followed by  -at-<stage>  connect ehlo starttls auth mail rcpt data content end-of-data rset noop vrfy
quit (default: end-of-data), by  -once  or  -<n>-times  (of a path), by  -1-in-<n>.
drop-after-dot is drop-at-end-of-data; greylist is 451-at-rcpt-once. At mail the reverse-path is asked.`;

/** @throws CommanderError, which commander has told already */
export function sinkArguments(args: readonly string[]): SinkRun {
  const program = command("sink", "An SMTP or LMTP server that counts what it gets.")
    .option("--address <address>", "where to listen", "127.0.0.1")
    .option("--port <port>", "0: a free one, which is printed", count, 0)
    .option("--hostname <name>", "what it calls itself", "sink.example")
    .option("--lmtp", "LMTP: a reply for each recipient")
    .option(
      "--tls <how>",
      "none, starttls, implicit",
      oneOf(["none", "starttls", "implicit"]),
      "none",
    )
    .option("--withhold <capabilities>", withholdable.join(","), someOf(withholdable), [])
    .option("--size-max <octets>", "the number behind SIZE; 0: none", count, 0)
    .option("--fault <word>", "see below; may be given again", collected, [])
    .option("--domains <file>", "faults by domain: sink/providers.yaml is an example", named)
    .option("--processes <n>", "at one port, for more than one core can take", positive, 1)
    .option("--sessions-max <n>", "more get 421; of each process", positive)
    .option(
      "--keep <what>",
      "nothing, samples (intact or damaged, one in 64), verdicts (each)",
      oneOf(keeps),
      "nothing",
    )
    .option("--until <n>", "end when so many different messages have come", positive)
    .option("--timeout <seconds>", "end then, whatever has come", positive)
    .option("--accounts <file>", "or - for stdout: a line for each message: id, copies")
    .option("--json", "JSON lines instead of text")
    .addHelpText("after", faultsText);
  return runOf(program.parse([...args], { from: "user" }).opts<Options>());
}

function runOf(options: Options): SinkRun {
  const { address, port, hostname, withhold, sizeMax, fault, sessionsMax, keep } = options;
  const { domains, processes } = options;
  return {
    sink: {
      at: { address, port },
      greeting: { hostname, withheld: withhold, sizeMax },
      protocol: options.lmtp === true ? "lmtp" : "smtp",
      faults: fault,
      keep,
      ...(domains === undefined ? {} : { domains }),
      ...(sessionsMax === undefined ? {} : { sessionsMax }),
    },
    processes,
    tls: options.tls,
    until: options.until,
    timeoutSeconds: options.timeout,
    accounts: options.accounts,
    output: options.json === true ? "json" : "text",
  };
}

function named(name: string): NonNullable<SinkOrders["domains"]> {
  return { name, text: readFileSync(name, "utf8") };
}

function collected(word: string, before: readonly string[]): readonly string[] {
  return [...before, word];
}
