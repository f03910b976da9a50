/** `godwit events follow`: what becomes of mail, as it happens. */
import type { Command } from "commander";
import { decodeEventRecord, type EventKind, eventKinds, type ReadEvent } from "#proto/event-record";
import { UndecodableRecord } from "#proto/record";
import { configured } from "../configuration.ts";
import { CommandFailed, type Io } from "../io.ts";
import type { Roles } from "../roles.ts";
import { jsonLine, printable } from "../table.ts";
import { destinationBy } from "./selection.ts";

interface FollowOptions {
  readonly config?: string;
  readonly kind?: readonly string[];
  readonly destination?: string;
  readonly tenant?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function addEventsCommand(program: Command, io: Io, roles: Roles): void {
  const events = program.command("events").description("what became of each recipient, as events");
  events
    .command("follow")
    .description("print events as they come, from the files or the stream that the file names")
    .option("-c, --config <file>", "the configuration Godwit runs with (default: godwit.yaml)")
    .option("--kind <kind...>", `only these: ${eventKinds.join(", ")}`)
    .option("--destination <domain>", "only of this destination")
    .option("--tenant <name>", "only of this tenant's mail")
    .option("--all", "begin with the oldest that is kept, not with the next")
    .option("--json", "print the records, one JSON object a line")
    .action(async (options: FollowOptions) => {
      const isAsked = filterOf(options);
      const { config } = configured(io, options.config);
      const lines = roles.events(config, {
        kinds: kindsOf(options.kind ?? []),
        from: options.all === true ? "start" : "end",
        told: (line) => io.err(`${printable(line)}\n`),
      });
      for await (const line of lines) {
        const event = eventIn(line);
        if (event === undefined) io.err(`Not understood: ${printable(line.slice(0, 200))}\n`);
        else if (isAsked(event)) io.out(`${options.json ? jsonLine(line) : eventText(event)}\n`);
      }
    });
}

function kindsOf(texts: readonly string[]): readonly EventKind[] {
  return texts.map((text) => {
    const kind = eventKinds.find((known) => known === text);
    if (kind !== undefined) return kind;
    throw new CommandFailed(`--kind: "${text}" is none of ${eventKinds.join(", ")}`, 2);
  });
}

function filterOf({ kind, destination, tenant }: FollowOptions): (event: ReadEvent) => boolean {
  const kinds: ReadonlySet<string> = new Set(kindsOf(kind ?? []));
  const wanted = destination === undefined ? undefined : destinationBy(destination);
  return (event) =>
    (kinds.size === 0 || kinds.has(event.kind)) &&
    (wanted === undefined || event.destination === wanted) &&
    (tenant === undefined || event.tenant === tenant);
}

function eventIn(line: string): ReadEvent | undefined {
  try {
    return decodeEventRecord(line);
  } catch (error) {
    if (error instanceof UndecodableRecord) return undefined;
    throw error;
  }
}

const kindWidth = Math.max(...eventKinds.map((kind) => kind.length));

/** One line for a person: when, what, whom it is about, and what was said. */
export function eventText(event: ReadEvent): string {
  const { at, kind, uid, recipient, destination } = event;
  const about = recipient === undefined ? (destination ?? "") : `<${recipient}>`;
  const words = [at, kind.padEnd(kindWidth), uid ?? event.queueId, about, ...saidBy(event)];
  return printable(words.filter((word) => word !== undefined && word !== "").join("  "));
}

function saidBy(event: ReadEvent): readonly unknown[] {
  const { kind, attempt, remoteHost, remoteAddress, code, status, text } = event;
  if (kind === "dropped") return [`${event.dropped} events before this one are missing`];
  if (kind === "reception") {
    return [`from <${event.reversePath}>`, `${event.sizeBytes} bytes`, event.user];
  }
  const host = remoteHost === undefined ? undefined : `${remoteHost}[${remoteAddress}]`;
  const reply = [code, status, text].filter((part) => part !== undefined).join(" ");
  const tried = attempt === undefined ? undefined : `try ${attempt}`;
  return [event.action, tried, host, event.bounceClass, reply, event.reason, event.limit];
}
