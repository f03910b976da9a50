/** Puts the entries of a file on the list, some hundred at a time, and tells which lines are bad. */
import type { Suppression } from "#lib/suppression/suppression";
import { listedSuppression } from "#proto/suppression";
import { CommandFailed, type Io } from "../../io.ts";
import { printable } from "../../table.ts";
import type { ControlClient } from "../control-client.ts";
import { type BadLine, type EntryFormat, readEntries } from "./entry-lines.ts";
import { readPut } from "./suppression-answers.ts";

/** The control API takes 64 KiB, and at most so many. */
const batchBytesMax = 48 * 1024;
const batchEntriesMax = 500;
/** Bad lines that are told one by one. */
const toldMax = 20;

export interface ImportOptions {
  readonly text: string;
  readonly format: EntryFormat;
  /** What a line does not say. */
  readonly defaults: Partial<Pick<Suppression, "tenant" | "reason" | "expiresAt">>;
  /** Absent: nothing is put. */
  readonly client?: ControlClient;
}

export interface Imported {
  readonly entries: number;
  readonly badLines: readonly BadLine[];
}

/**
 * Good lines are put though others are bad. Entries count as often as they stand there.
 * @throws {CommandFailed} the API gives up on a batch; what went before it is on the list
 */
export async function importEntries(options: ImportOptions): Promise<Imported> {
  const { text, format, defaults, client } = options;
  const badLines: BadLine[] = [];
  let batch: object[] = [];
  let bytes = 0;
  let entries = 0;
  let putThrough = 0;
  const put = async (lastLine: number) => {
    if (batch.length > 0 && client !== undefined) await putBatch(client, batch, putThrough);
    putThrough = lastLine;
    batch = [];
    bytes = 0;
  };
  let line = 0;
  for (const one of readEntries(text, format)) {
    if ("fault" in one) {
      badLines.push(one);
      continue;
    }
    const listed = written({ ...defaults, ...one.entry });
    const size = Buffer.byteLength(JSON.stringify(listed)) + 1;
    if (batch.length >= batchEntriesMax || bytes + size > batchBytesMax) await put(line);
    batch.push(listed);
    bytes += size;
    entries += 1;
    line = one.line;
  }
  await put(line);
  return { entries, badLines };
}

/** Without the time and reason that the API knows better. */
function written(entry: Partial<Suppression> & Pick<Suppression, "key">): object {
  const { at, reason, ...rest } = listedSuppression({ at: 0, reason: "", ...entry });
  return {
    ...rest,
    ...(entry.at === undefined ? {} : { at }),
    ...(entry.reason === undefined ? {} : { reason }),
  };
}

async function putBatch(client: ControlClient, batch: object[], putThrough: number) {
  try {
    await client.post("/v1/suppressions", { entries: batch }, readPut);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const done = putThrough === 0 ? "Nothing was imported" : `Imported up to line ${putThrough}`;
    throw new CommandFailed(
      `${error.message}\n${done}. The import may be repeated: entries that are there are replaced.`,
      error.exitCode,
    );
  }
}

export function tellBadLines(io: Io, badLines: readonly BadLine[]): void {
  for (const { line, fault } of badLines.slice(0, toldMax)) {
    io.err(`line ${line}: ${printable(fault)}\n`);
  }
  const rest = badLines.length - toldMax;
  if (rest > 0) io.err(`… and ${rest} more bad lines\n`);
}
