/** Whether there is room for more mail: some is always left for what moves mail out. */
import type { Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "#lib/clock";

export interface RoomOptions {
  readonly path: string;
  /** Bytes that the queue may take; beyond it nothing is accepted. */
  readonly bytesMax: number;
  /**
   * Bytes left free on the disk: deferring, journal and SQLite's own log need them to empty the
   * queue.
   */
  readonly freeBytesMin: number;
  readonly clock: Clock;
}

/** The disk is asked this often. */
const diskCheckMs = 500;

export class Room {
  readonly #options: RoomOptions;
  readonly #used: () => number;
  #isDiskFull = false;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database, options: RoomOptions) {
    this.#options = options;
    const pages = database.query<{ n: number }, []>(
      "SELECT (page_count - freelist_count) * page_size AS n FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    );
    this.#used = () => pages.get()?.n ?? 0;
  }

  /** For so many bytes more. */
  has(bytes: number): boolean {
    const { bytesMax, clock } = this.#options;
    const now = clock.monotonic();
    if (now - this.#checkedAt >= diskCheckMs) {
      this.#checkedAt = now;
      this.#isDiskFull = this.#free() < this.#options.freeBytesMin;
    }
    if (this.#isDiskFull) return false;
    return bytesMax === Number.POSITIVE_INFINITY || this.#used() + bytes <= bytesMax;
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(dirname(this.#options.path));
    return bavail * bsize;
  }
}
