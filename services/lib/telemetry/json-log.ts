/** The log of a process: a line of JSON for each event, on stdout, written beside the work. */
import type { Clock } from "#lib/clock";
import { LineWriter } from "./line-writer.ts";
import type { Log, LogFields } from "./log.ts";

const levels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof levels)[number];

export interface ProcessLog extends Log {
  /** A line of `jsonLines` that was made elsewhere, in a thread say. */
  write(line: string): void;
  /** Writes what is still in memory: to be awaited before the process ends. */
  flush(): Promise<void>;
  /** Lines that were lost because nobody took them fast enough. */
  readonly droppedLines: number;
}

export interface JsonLinesOptions {
  /** What is below it is not written. */
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Takes each line, with its line end. */
  readonly write: (line: string) => void;
}

export interface JsonLogOptions extends Omit<JsonLinesOptions, "write"> {
  /** Descriptor of the file to write to; default: stdout. */
  readonly descriptor?: number;
}

/** Lines that nobody takes; beyond it they are lost rather than memory. */
const waitingMax = 16 * 1024 * 1024;
const stdout = 1;

export function jsonLog({ level, clock, descriptor = stdout }: JsonLogOptions): ProcessLog {
  const lines = new LineWriter({ descriptor, clock, waitingMax });
  const write = (line: string) => lines.write(line);
  return {
    ...jsonLines({ level, clock, write }),
    write,
    flush: () => lines.flush(),
    get droppedLines() {
      return lines.dropped;
    },
  };
}

/** The same lines for somebody else to write: a process has one writer. */
export function jsonLines({ level, clock, write }: JsonLinesOptions): Log {
  const timeOf = timestamp(clock);
  const at = (level_: LogLevel) => {
    if (levels.indexOf(level_) < levels.indexOf(level)) return () => {};
    return (event: string, fields?: LogFields) => {
      write(lineOf({ level: level_, time: timeOf(), event }, fields));
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

interface Head {
  readonly level: LogLevel;
  readonly time: string;
  readonly event: string;
}

/** A log that throws would take down what it tells of. */
function lineOf(head: Head, fields: LogFields | undefined): string {
  try {
    return `${JSON.stringify(fields === undefined ? head : withFields(head, fields))}\n`;
  } catch (error) {
    return `${JSON.stringify({ ...head, unwritable: String(error) })}\n`;
  }
}

/** The head stands first, and no field can take its place. */
function withFields(head: Head, fields: LogFields): LogFields {
  const line: LogFields = { ...head, ...fields, ...head };
  return line.error instanceof Error ? { ...line, error: errorOf(line.error) } : line;
}

/** An event in a millisecond that was told already: making its text takes as long as the line. */
function timestamp(clock: Clock): () => string {
  let at = Number.NaN;
  let text = "";
  return () => {
    const now = clock.now();
    if (now !== at) text = new Date(now).toISOString();
    at = now;
    return text;
  };
}

/** An error with what caused it; anything else as it is. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: errorOf(cause) }) };
}
