/** The files of a folder of events: named by the time of their beginning, so that names sort. */
import { mkdir, readdir } from "node:fs/promises";
import type { Time } from "#lib/queue/unit";

/** `events-20261128T152625123Z.jsonl` while it is written, with `.zst` behind it when it is finished. */
export interface EventFile {
  readonly name: string;
  readonly startedAt: Time;
  readonly isCompressed: boolean;
}

export const compressedSuffix = ".zst";
/** Of what is being compressed: a crash leaves it, and the next start removes it. */
export const unfinishedSuffix = ".zst.part";

const form = /^events-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.jsonl(\.zst)?$/;

export function eventFileName(startedAt: Time): string {
  return `events-${new Date(startedAt).toISOString().replace(/[-:.]/g, "")}.jsonl`;
}

/** Undefined for whatever else stands there: it is nobody's business here. */
export function parseEventFileName(name: string): EventFile | undefined {
  const [, year, month, day, hour, minute, second, ms, suffix] = form.exec(name) ?? [];
  if (year === undefined) return undefined;
  const startedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  if (Number.isNaN(startedAt)) return undefined;
  return { name, startedAt, isCompressed: suffix !== undefined };
}

export interface EventFolder {
  /** The oldest first. */
  readonly files: readonly EventFile[];
  /** Names of what was being compressed at a crash. */
  readonly unfinished: readonly string[];
}

/** Makes the folder when it is not there. */
export async function openEventFolder(folder: string): Promise<EventFolder> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  return readEventFolder(folder);
}

/** A folder that is not there has no files. */
export async function readEventFolder(folder: string): Promise<EventFolder> {
  const names = (await namesIn(folder)).sort();
  const files = names.flatMap((name) => parseEventFileName(name) ?? []);
  return { files, unfinished: names.filter((name) => name.endsWith(unfinishedSuffix)) };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
