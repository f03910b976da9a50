/**
 * Writes events as lines of JSON into files of a folder, one after the other.
 *
 *   being written ──too large or too old──▶ finished ──▶ compressed ──too old, or all too large──▶ removed
 *
 * One writer for a folder. A batch that was not written whole is written again at the same place.
 */
import { type FileHandle, open, stat, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Time } from "#lib/queue/unit";
import type { Log } from "#lib/telemetry/log";
import { encodeEventRecords } from "#proto/event-record";
import type { EventBatch, EventOutlet } from "../batching-sink.ts";
import { compressFile } from "./compression.ts";
import { type EventFile, eventFileName, openEventFolder, readEventFolder } from "./event-folder.ts";
import { wholeLinesLength } from "./whole-lines.ts";

export interface FileOutletOptions {
  readonly folder: string;
  /** A file that is this large, or began so long ago, is finished. */
  readonly rotate: { readonly sizeBytes: number; readonly ageMs: number };
  /** Finished files are removed when they ended so long ago, or when all are larger. */
  readonly keep: { readonly ageMs: number; readonly sizeBytes: number };
  readonly clock: Clock;
  readonly log: Log;
  /** Left to the mail: events stop before its queue does. Default: what that leaves, and 16 MiB. */
  readonly freeBytesMin?: number;
}

const freeBytesMinDefault = 80 * 1024 * 1024;
/** A file grows old though nothing is written to it. */
const lookEveryMs = 60_000;

interface Current {
  readonly file: FileHandle;
  readonly name: string;
  readonly startedAt: Time;
  /** What is known to be written. */
  size: number;
}

export class FileOutlet implements EventOutlet {
  readonly #options: FileOutletOptions;
  readonly #closing = new AbortController();
  #current: Current | undefined;
  #isRecovered = false;
  #cancelLook: CancelTimer | undefined;
  /** One step at a time touches the current file. */
  #turn: Promise<unknown> = Promise.resolve();
  #tidying: Promise<void> | undefined;
  /** A file was finished while others were tidied. */
  #isMoreToTidy = false;

  constructor(options: FileOutletOptions) {
    this.#options = options;
    this.#lookLater();
  }

  write({ records }: EventBatch): Promise<void> {
    return this.#inTurn(async () => {
      await this.#append(Buffer.from(encodeEventRecords(records)));
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the events' files are closed"));
    this.#cancelLook?.();
    await this.#inTurn(() => this.#leave());
    await this.#tidying;
  }

  /** Resolves when no finished file is being compressed or removed. */
  async tidied(): Promise<void> {
    while (this.#tidying !== undefined) await this.#tidying;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(step, step);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#current !== undefined && this.#isDue(this.#current)) await this.#finish();
    await this.#refuseWithoutRoom();
    this.#current ??= await this.#open();
    const { file, size } = this.#current;
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, written, undefined, size + written);
      if (bytesWritten === 0) throw new Error("Cannot write events: nothing was taken");
      written += bytesWritten;
    }
    this.#current.size = size + bytes.length;
  }

  async #refuseWithoutRoom(): Promise<void> {
    const { folder, freeBytesMin = freeBytesMinDefault } = this.#options;
    if (!this.#isRecovered) await this.#recover();
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize >= freeBytesMin) return;
    throw new Error(`Cannot write events: less than ${freeBytesMin} bytes are free in "${folder}"`);
  }

  #isDue({ startedAt, size }: Pick<Current, "startedAt" | "size">): boolean {
    const { rotate, clock } = this.#options;
    if (size === 0) return false;
    return size >= rotate.sizeBytes || clock.now() - startedAt >= rotate.ageMs;
  }

  async #open(): Promise<Current> {
    const { folder } = this.#options;
    const { files } = await readEventFolder(folder);
    const newest = files.at(-1);
    // The clock may have been put back: a later file has a later name all the same.
    const startedAt = Math.max(this.#options.clock.now(), (newest?.startedAt ?? 0) + 1);
    const name = eventFileName(startedAt);
    return { file: await open(join(folder, name), "wx", 0o640), name, startedAt, size: 0 };
  }

  /** Goes on where the last process stopped. */
  async #recover(): Promise<void> {
    const { folder } = this.#options;
    const { files, unfinished } = await openEventFolder(folder);
    for (const name of unfinished) await unlink(join(folder, name));
    const newest = files.at(-1);
    if (newest !== undefined && !newest.isCompressed) await this.#goOnWith(newest);
    this.#isRecovered = true;
    this.#tidy();
  }

  async #goOnWith({ name, startedAt }: EventFile): Promise<void> {
    const { folder, log } = this.#options;
    const file = await open(join(folder, name), "r+");
    try {
      const { size: found } = await file.stat();
      const size = await wholeLinesLength(file, found);
      if (size < found) {
        await file.truncate(size);
        log.warn("events_torn", { file: name, cut_bytes: found - size });
      }
      this.#current = { file, name, startedAt, size };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #lookLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelLook = this.#options.clock.after(lookEveryMs, () => {
      void this.#inTurn(() => this.#rotate()).then(() => this.#lookLater());
    });
  }

  /** Never rejects. */
  async #rotate(): Promise<void> {
    try {
      if (this.#current !== undefined && this.#isDue(this.#current)) await this.#finish();
      else if (this.#isRecovered) this.#tidy();
    } catch (error) {
      this.#options.log.error("events_not_rotated", { error: String(error) });
    }
  }

  async #finish(): Promise<void> {
    await this.#leave();
    this.#tidy();
  }

  /** What a failed write has left behind the last whole batch goes with it. */
  async #leave(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    try {
      const { size } = await current.file.stat();
      if (size > current.size) await current.file.truncate(current.size);
    } finally {
      await current.file.close();
    }
  }

  #tidy(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#tidying !== undefined) {
      this.#isMoreToTidy = true;
      return;
    }
    this.#tidying = this.#tidyUp().finally(() => {
      this.#tidying = undefined;
      if (!this.#isMoreToTidy) return;
      this.#isMoreToTidy = false;
      this.#tidy();
    });
  }

  /** Never rejects: what could not be done is done at the next look. */
  async #tidyUp(): Promise<void> {
    const { folder, log } = this.#options;
    try {
      await this.#compressFinished(await this.#look());
      await this.#removeOld(await this.#look());
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        log.error("events_not_tidied", { folder, error: String(error) });
      }
    }
  }

  /** In turn: a file that is just being made must not be taken for a finished one. */
  #look(): Promise<Seen> {
    return this.#inTurn(async () => {
      const { files } = await readEventFolder(this.#options.folder);
      return { files, current: this.#current?.name };
    });
  }

  async #compressFinished({ files, current }: Seen): Promise<void> {
    const { folder } = this.#options;
    const compressed = new Set(files.filter((f) => f.isCompressed).map((f) => f.startedAt));
    for (const { name, startedAt, isCompressed } of files) {
      if (isCompressed || name === current) continue;
      const path = join(folder, name);
      // Killed between the two steps, there are both.
      if (compressed.has(startedAt)) await unlink(path);
      else await compressFile(path, this.#closing.signal);
    }
  }

  async #removeOld({ files, current }: Seen): Promise<void> {
    const { folder, keep, clock, log } = this.#options;
    const now = clock.now();
    let keptBytes = 0;
    let endedAt = now;
    for (const { name, startedAt } of files.toReversed()) {
      const { size } = await stat(join(folder, name));
      keptBytes += size;
      const isOver = now - endedAt > keep.ageMs || keptBytes > keep.sizeBytes;
      if (name !== current && isOver) {
        await unlink(join(folder, name));
        log.info("events_removed", { file: name });
      }
      endedAt = startedAt;
    }
  }
}

interface Seen {
  /** The oldest first. */
  readonly files: readonly EventFile[];
  readonly current: string | undefined;
}
