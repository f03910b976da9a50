/**
 * Follows the keys of a bucket. What it has told is old by an unknown time; `through()` makes sure
 * that nothing that stood before is missing: it writes a mark, and waits until the mark has come by.
 * A replica that lags, a server that is cut off or a connection that is lost cannot pass that.
 */
import type { Msg } from "@nats-io/transport-node";
import { rejectOnAbort, Waiters } from "#lib/stream/waiters";
import { keySubject } from "#proto/subjects";
import { parsePending } from "../reading/delivered.ts";
import { type LanePorts, OrderedLane } from "../reading/ordered-lane.ts";

export interface Change {
  /** The key, as a subject. */
  readonly subject: string;
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array | undefined;
  readonly revision: number;
  /** Behind what stood when the watch began. */
  readonly isNew: boolean;
}

export interface BucketWatchPlace {
  readonly stream: string;
  readonly bucket: string;
  readonly changed: (change: Change) => void;
}

/** A watch that has not come so far in this time has lost its server. */
const throughMaxMs = 5_000;
export const operationHeader = "KV-Operation";

export class BucketWatch {
  readonly #ports: LanePorts;
  readonly #place: BucketWatchPlace;
  readonly #arrived = new Waiters();
  readonly #advanced = new Waiters();
  readonly #closed = new AbortController();
  readonly #lane: OrderedLane;
  /** Everything that stood when the server had come to this sequence was told. */
  #through = 0;

  constructor(ports: LanePorts, place: BucketWatchPlace) {
    this.#ports = ports;
    this.#place = place;
    const filter = keySubject(place.bucket, ">");
    const arrived = this.#arrived;
    this.#lane = new OrderedLane(ports, { stream: place.stream, filter, after: 0, arrived });
    void this.#run();
  }

  /** Resolves when all that stood at `sequence` was told. Rejects when that takes too long. */
  async through(sequence: number): Promise<void> {
    const { clock } = this.#ports;
    const limit = new AbortController();
    const cancel = clock.after(throughMaxMs, () => {
      limit.abort(new Error(`Cannot follow bucket "${this.#place.bucket}": the watch lags`));
    });
    try {
      while (this.#through < sequence) await rejectOnAbort(this.#advanced.wait(), limit.signal);
    } finally {
      cancel();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#lane.close();
    this.#arrived.wake();
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const arrived = this.#arrived.wait();
      for (let next = this.#lane.shift(); next !== undefined; next = this.#lane.shift()) {
        this.#take(next.sequence, next.message);
      }
      await arrived;
    }
  }

  #take(revision: number, { subject, data, headers, reply }: Msg): void {
    const isDeleted = headers?.has(operationHeader) === true;
    const { log } = this.#ports;
    try {
      const value = isDeleted ? undefined : data;
      this.#place.changed({ subject, value, revision, isNew: this.#through > 0 });
    } catch (error) {
      // Of a version that we do not know: the other keys are followed on.
      log.error("bucket_entry_unreadable", { subject, error: String(error) });
    }
    // A newer value takes the older one away: only when nothing is left was nothing passed over.
    if (parsePending(reply ?? "") > 0) return;
    this.#through = revision;
    this.#advanced.wake();
  }
}
