/** Reads the lines of a folder of events as they come, for people and for who needs no daemon. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#lib/clock";
import { LineSplitter } from "../line-splitter.ts";
import { decompressed } from "./compression.ts";
import { type EventFile, readEventFolder } from "./event-folder.ts";

export interface FileFollowOptions {
  readonly folder: string;
  /** All that is kept, or only what comes from now on. */
  readonly from: "start" | "end";
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const lookEveryMs = 250;
const chunkBytes = 256 * 1024;

/** Where to go on: files that began later than `after`, the first of them from `offset`. */
interface Place {
  readonly after: number;
  readonly offset: number;
}

/** Lines without their ends. Ends when the signal aborts. */
export async function* followEventFiles(options: FileFollowOptions): AsyncGenerator<string> {
  const { folder, clock, signal } = options;
  let { after, offset } = options.from === "start" ? beginning : await endOf(folder);
  while (!signal.aborted) {
    const { files } = await readEventFolder(folder);
    const next = files.find(({ startedAt }) => startedAt > after);
    if (next === undefined) {
      await clock.sleep(lookEveryMs, signal).catch(noMatter);
      continue;
    }
    const path = join(folder, next.name);
    if (next.isCompressed) yield* linesOfFinished(path);
    else if (!(yield* linesOfGrowing(next, { ...options, offset }))) continue;
    after = next.startedAt;
    offset = 0;
  }
}

const beginning: Place = { after: -1, offset: 0 };

async function endOf(folder: string): Promise<Place> {
  const { files } = await readEventFolder(folder);
  const newest = files.at(-1);
  if (newest === undefined) return beginning;
  if (newest.isCompressed) return { after: newest.startedAt, offset: 0 };
  const file = await openUnlessGone(join(folder, newest.name));
  if (file === undefined) return { after: newest.startedAt, offset: 0 };
  try {
    return { after: newest.startedAt - 1, offset: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

/** Until a newer one has begun. False: it is gone by this name, and may be there compressed. */
async function* linesOfGrowing(
  { name, startedAt }: EventFile,
  { folder, clock, signal, offset }: FileFollowOptions & { readonly offset: number },
): AsyncGenerator<string, boolean> {
  const file = await openUnlessGone(join(folder, name));
  if (file === undefined) return false;
  const lines = new LineSplitter();
  const chunk = Buffer.alloc(chunkBytes);
  let position = offset;
  let isLast = false;
  try {
    while (!signal.aborted) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      position += bytesRead;
      yield* lines.push(chunk.subarray(0, bytesRead));
      if (bytesRead > 0) continue;
      if (isLast) return true;
      const { files } = await readEventFolder(folder);
      // What was written before the newer one began is read in one more round.
      isLast = files.some((other) => other.startedAt > startedAt);
      if (!isLast) await clock.sleep(lookEveryMs, signal).catch(noMatter);
    }
    return true;
  } finally {
    await file.close();
  }
}

async function* linesOfFinished(path: string): AsyncGenerator<string> {
  const lines = new LineSplitter();
  try {
    for await (const bytes of decompressed(path)) yield* lines.push(bytes);
  } catch (error) {
    // Too old to be kept any more.
    if (!isGone(error)) throw error;
  }
}

async function openUnlessGone(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A sleep that was broken off. */
function noMatter(): void {}
