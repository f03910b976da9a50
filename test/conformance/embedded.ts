/** An embedded queue in a folder of its own, removed with its last opening. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "#lib/clock";
import { EmbeddedQueue } from "#lib/sqlite/embedded-queue";
import { silentLog } from "#lib/telemetry/log";
import { shards } from "./fixtures.ts";
import type { LogWorld } from "./intake-stream.ts";

export interface TemporaryQueue {
  readonly queue: EmbeddedQueue;
  /** Closes the queue, and opens what it left. */
  readonly reopen: () => Promise<TemporaryQueue>;
  readonly close: () => Promise<void>;
}

export interface TemporaryQueueOptions {
  readonly clock?: Clock;
  readonly bytesMax?: number;
}

export async function temporaryQueue(options: TemporaryQueueOptions = {}): Promise<TemporaryQueue> {
  return openIn(await mkdtemp(join(tmpdir(), "godwit-queue-")), options);
}

async function openIn(folder: string, options: TemporaryQueueOptions): Promise<TemporaryQueue> {
  const queue = await EmbeddedQueue.open({
    clock: systemClock,
    ...options,
    folder,
    shards,
    log: silentLog,
    onFailed: (error) => {
      throw error;
    },
  });
  return {
    queue,
    reopen: async () => {
      await queue.close();
      return openIn(folder, options);
    },
    close: async () => {
      await queue.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The part of it that is Intake, Stream and Journal. */
export async function temporaryLog(options: TemporaryQueueOptions): Promise<LogWorld> {
  return logWorld(await temporaryQueue(options));
}

function logWorld({ queue, reopen, close }: TemporaryQueue): LogWorld {
  const { log, journal } = queue;
  return { intake: log, stream: log, journal, close, reopen: async () => logWorld(await reopen()) };
}
