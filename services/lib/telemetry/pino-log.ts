/** The log of a process: a line of JSON for each event, on stdout, written beside the work. */
import pino from "pino";
import type { Clock } from "#lib/clock";
import { LineWriter } from "./line-writer.ts";
import type { Log, LogFields } from "./log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface ProcessLog extends Log {
  /** Writes what is still in memory: to be awaited before the process ends. */
  flush(): Promise<void>;
  /** Lines that were lost because nobody took them fast enough. */
  readonly droppedLines: number;
}

export interface PinoLogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Descriptor of the file to write to; default: stdout. */
  readonly descriptor?: number;
}

/** Lines that nobody takes; beyond it they are lost rather than memory. */
const waitingMax = 16 * 1024 * 1024;
const stdout = 1;

export function pinoLog({ level, clock, descriptor = stdout }: PinoLogOptions): ProcessLog {
  const lines = new LineWriter({ descriptor, clock, waitingMax });
  const logger = pino({ ...settings, level, timestamp: timestamp(clock) }, lines);
  const write = (at: LogLevel) => (event: string, fields?: LogFields) => {
    if (fields === undefined) logger[at](event);
    else logger[at](fields, event);
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    flush: () => lines.flush(),
    get droppedLines() {
      return lines.dropped;
    },
  };
}

const settings: pino.LoggerOptions = {
  messageKey: "event",
  formatters: { level: (label) => ({ level: label }), bindings: () => ({}) },
  serializers: { error: errorOf },
};

/** Lines of one millisecond share the making of its text. */
function timestamp(clock: Clock): () => string {
  let at = Number.NaN;
  let text = "";
  return () => {
    const now = clock.now();
    if (now !== at) text = `,"time":"${new Date(now).toISOString()}"`;
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
