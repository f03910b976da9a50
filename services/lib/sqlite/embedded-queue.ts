/** The embedded queue as a whole: one file, one thread, and the seams that stand on it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import { type QueueOptions, QueueThread, queueDefaults } from "./queue-thread.ts";
import { SqliteIdempotencyKeys } from "./sqlite-idempotency-keys.ts";
import { SqliteJournal } from "./sqlite-journal.ts";
import { SqliteLeases } from "./sqlite-leases.ts";
import { SqliteLog } from "./sqlite-log.ts";
import { SqliteStore } from "./sqlite-store.ts";

export interface EmbeddedQueueOptions extends Partial<Omit<QueueOptions, "path" | "shards">> {
  /** Made when it is not there. */
  readonly folder: string;
  readonly shards: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The queue has broken, and the process can only end. */
  readonly onFailed: (error: Error) => void;
}

const sweepMs = 60_000;
/** Between two parts of a sweep: mail goes first. */
const sweepPauseMs = 50;

export class EmbeddedQueue {
  readonly log: SqliteLog;
  readonly journal: SqliteJournal;
  readonly store: SqliteStore;
  readonly leases: SqliteLeases;
  readonly idempotencyKeys: SqliteIdempotencyKeys;
  readonly #thread: QueueThread;
  readonly #options: EmbeddedQueueOptions;
  #cancelSweep: CancelTimer = () => {};
  #sweeping: Promise<void> = Promise.resolve();
  #isClosing = false;

  /** @throws {UnusableQueue} */
  static async open(options: EmbeddedQueueOptions): Promise<EmbeddedQueue> {
    const { folder, shards, onFailed, clock, log: _, ...rest } = options;
    // The mail of others: nobody else's to read.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, "queue.sqlite");
    const settings = { ...queueDefaults, ...rest, path, shards };
    const thread = await QueueThread.open(settings, { clock, onFailed });
    return new EmbeddedQueue(thread, options);
  }

  private constructor(thread: QueueThread, options: EmbeddedQueueOptions) {
    this.#thread = thread;
    this.#options = options;
    this.log = new SqliteLog(thread, options.shards);
    this.journal = new SqliteJournal(thread);
    this.store = new SqliteStore(thread);
    this.leases = new SqliteLeases(thread, options.clock);
    this.idempotencyKeys = new SqliteIdempotencyKeys(thread, options.clock);
    this.#sweepLater(sweepMs);
  }

  /** Everything handed over before is durable when this resolves. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelSweep();
    await this.#sweeping;
    await this.#thread.close();
  }

  #sweepLater(delayMs: number): void {
    if (this.#isClosing) return;
    this.#cancelSweep = this.#options.clock.after(delayMs, () => {
      this.#sweeping = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    let isMore = false;
    try {
      const parts = [
        await this.#thread.call("sweep"),
        await this.#thread.call("shortenJournal"),
        await this.#thread.call("sweepKeys", this.#options.clock.now()),
      ];
      isMore = parts.includes(true);
    } catch (error) {
      this.#options.log.warn("queue_sweep_failed", { error: String(error) });
    }
    this.#sweepLater(isMore ? sweepPauseMs : sweepMs);
  }
}
