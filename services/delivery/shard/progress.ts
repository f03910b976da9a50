/** What of a shard's log is settled, and from where its owner's journal must be replayed after a crash. */

import { Fifo } from "#lib/queue/fifo";
import { FloorTracker } from "#lib/queue/floor";

export class ShardProgress {
  readonly #floor: FloorTracker;
  /** Settled entries in the order of their records. Those at the head that the floor has passed are dropped. */
  readonly #settled = new Fifo<{ readonly sequence: number; readonly position: number }>();

  constructor(floor: number) {
    this.#floor = new FloorTracker(floor);
  }

  get floor(): number {
    return this.#floor.floor;
  }

  get unsettledCount(): number {
    return this.#floor.unsettledCount;
  }

  /** False when it was read before. */
  read(sequence: number): boolean {
    return this.#floor.read(sequence);
  }

  through(sequence: number): void {
    this.#floor.through(sequence);
  }

  /** `position` is that of the record which settled it. */
  settled(sequence: number, position: number): void {
    this.#floor.settled(sequence);
    this.#settled.push({ sequence, position });
  }

  /** Settled by an earlier owner, as its journal says; that journal is no longer needed for it once it is behind our floor. */
  settledBefore(sequence: number): void {
    this.#floor.settled(sequence);
  }

  /**
   * Behind which position the journal tells of every entry that is settled above the floor.
   * `written` is the position of the last durable record.
   */
  replayFrom(written: number): number {
    for (;;) {
      const oldest = this.#settled.peek();
      if (oldest === undefined) return written;
      if (oldest.sequence > this.floor) return oldest.position - 1;
      this.#settled.shift();
    }
  }
}
