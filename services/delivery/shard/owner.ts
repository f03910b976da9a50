/**
 * One shard while this worker owns it: takeover, reading, attempts, settlement, checkpoints, hand-over.
 *
 *   start: seal and replay the last owner → checkpoint with our journal → read
 *   stop:  stop reading → running attempts finish → journal → last checkpoint, released
 *   fence: nothing more is written; the next owner finds everything as it was
 */
import type { CancelTimer } from "#lib/clock";
import type { Epoch } from "#lib/leases/leases";
import { backlogKey } from "#lib/queue/backlog-name";
import { isScheduled } from "#lib/queue/schedule";
import { shardOf } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Hold } from "#lib/store/store";
import type { LogEntry } from "#lib/stream/stream";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Settlement } from "../settlement/settlement.ts";
import type { RetryWheel } from "../waiting/retry-wheel.ts";
import type { ShardCommands } from "./commands.ts";
import { handOver } from "./hand-over.ts";
import type { QueuedUnit } from "./queued-unit.ts";
import { type Claimed, type OwnerPorts, ShardParts } from "./shard-parts.ts";
import { type Takeover, takeOver } from "./takeover.ts";
import type { WorkingSet } from "./working-set.ts";

const tickMs = 1_000;

export class ShardOwner {
  readonly shard: Shard;
  readonly epoch: Epoch;
  readonly working: WorkingSet;
  readonly wheel: RetryWheel;
  readonly settlement: Settlement;
  readonly commands: ShardCommands;
  readonly #ports: OwnerPorts;
  readonly #parts: ShardParts;
  readonly #reading = new AbortController();
  #isGivenUp = false;
  #cancelTick: CancelTimer | undefined;
  #checkpointAt: number;

  /** Takes the shard over from its last owner. Rejects when something needed for that is away. */
  static async start(claimed: Claimed, ports: OwnerPorts): Promise<ShardOwner> {
    const { shard, lease } = claimed;
    const takeover = await takeOver(shard, lease, ports);
    const owner = new ShardOwner(claimed, takeover, ports);
    try {
      // From here on a successor knows that our journal matters (Checkpoint.journals).
      await owner.#parts.checkpoints.write();
    } catch (error) {
      owner.fence();
      throw error;
    }
    // Only now: what was handed over stands in the lease no more, so nobody goes on from it twice.
    ports.limits.open(claimed.shard, claimed.lease);
    // Given back and taken again: what was waiting for its last reply then may be open still.
    const { attempts, paths } = ports;
    attempts.connections.rebind((path) =>
      path.shard === claimed.shard ? paths.boundNow(path) : undefined,
    );
    void owner.#openStore();
    void owner.#run();
    return owner;
  }

  private constructor(claimed: Claimed, takeover: Takeover, ports: OwnerPorts) {
    const doors = {
      isOver: () => this.#isOver,
      offer: (units: readonly QueuedUnit[]) => this.offer(units),
      offerRead: (units: readonly QueuedUnit[]) => this.#offerRead(units),
      goOn: (queue: DestinationQueue) => this.#goOn(queue),
      close: (queue: DestinationQueue) => this.close(queue),
      reopen: (queue: DestinationQueue) => this.reopen(queue),
    };
    const parts = new ShardParts(claimed, takeover, { ports, doors });
    this.shard = claimed.shard;
    this.epoch = claimed.epoch;
    this.working = parts.working;
    this.wheel = parts.wheel;
    this.settlement = parts.settlement;
    this.commands = parts.commands;
    this.#ports = ports;
    this.#parts = parts;
    this.#checkpointAt = ports.clock.monotonic() + ports.config.timings.checkpointMs;
  }

  get #isOver(): boolean {
    return this.#isGivenUp || this.#ports.tenure.isExpired;
  }

  get floor(): number {
    return this.#parts.progress.floor;
  }

  /** On both clocks. */
  get now(): { readonly wall: number; readonly monotonic: number } {
    const { clock } = this.#ports;
    return { wall: clock.now(), monotonic: clock.monotonic() };
  }

  /** False once it is being handed over, or has another owner. */
  get isReading(): boolean {
    return !this.#reading.signal.aborted;
  }

  get isStoreOpen(): boolean {
    return this.#parts.store.isOpen;
  }

  get isJournalAway(): boolean {
    return this.#ports.writer.isUnanswered;
  }

  /** Suspects that are not looked up yet, since the store is away. */
  get suspects(): readonly LogEntry[] {
    return this.#parts.feed.suspects;
  }

  /** Of its log. */
  get behindMs(): number {
    return this.#parts.feed.behindMs;
  }

  /** Held destinations of this shard, also those without mail. */
  get ownHolds(): readonly Destination[] {
    const { shards } = this.#ports.config;
    return [...this.working.holds.keys()].filter((name) => shardOf(name, shards) === this.shard);
  }

  /** The end of ownership in good order. Rejects when it was not to be had before `limit` aborted. */
  async stop(limit: AbortSignal): Promise<void> {
    this.#stopReading();
    this.#ports.limits.leave(this.shard);
    for (const queue of this.working.destinations) this.#leave(queue.drain());
    this.#leave(this.#parts.spills.drain());
    const { timings } = this.#ports.config;
    const { shard, epoch, working, settlement } = this;
    const { checkpoints, store: opening } = this.#parts;
    const own = { shard, epoch, working, settlement, checkpoints, opening, timings };
    const isOver = () => this.#isOver;
    const close = () => {
      this.#isGivenUp = true;
      this.working.close();
    };
    await handOver({ ...this.#ports, ...own, isOver, close }, limit);
  }

  /** Resolves when it writes nothing to the store any more. */
  async quiet(): Promise<void> {
    await this.#parts.store.quiet();
    await this.settlement.quiet();
    await this.#parts.checkpoints.quiet();
  }

  /** Another owner has the shard, or may have: nothing of it is touched any more. */
  fence(): void {
    this.#isGivenUp = true;
    this.#stopReading();
    this.working.close();
  }

  /** Places units; resolves when those that cannot be tried are spilled. */
  async offer(units: readonly QueuedUnit[]): Promise<void> {
    await this.settlement.spill(this.#place(units));
  }

  /** The same for what was read from the log; resolves when more may be read. */
  async #offerRead(units: readonly QueuedUnit[]): Promise<void> {
    const { spills } = this.#parts;
    spills.push(this.#place(units));
    await spills.eased();
  }

  /** Tells which cannot be tried. */
  #place(units: readonly QueuedUnit[]): readonly QueuedUnit[] {
    if (this.#reading.signal.aborted) {
      this.#leave(units);
      return [];
    }
    const now = this.#ports.clock.now();
    const spilled: QueuedUnit[] = [];
    const touched = new Set<DestinationQueue>();
    for (const queued of units) {
      const { unit, isCancelled } = queued;
      if (unit.expiresAt <= now && !isCancelled) this.settlement.expired(queued);
      else if (isCancelled || isScheduled(unit, now)) spilled.push(queued);
      else {
        const queue = this.working.queue(unit.destination);
        if (queue.isClosed || queue.isFullFor(queued)) spilled.push(queued);
        else {
          queue.push(queued);
          touched.add(queue);
        }
      }
    }
    for (const queue of touched) this.#dispatch(queue);
    return spilled;
  }

  shapingChanged(): void {
    this.#parts.admission.lookAgain();
  }

  /** The destination was opened, by time or by an operator. */
  reopen(queue: DestinationQueue): void {
    if (this.#isOver) return;
    // They are not in the store yet, and need not go there.
    const { spills } = this.#parts;
    spills.push(this.#place(spills.drain(queue.destination)));
    this.#goOn(queue);
  }

  /** Moves what is ready out of the way of a destination that closed. */
  close(queue: DestinationQueue): void {
    void this.settlement.spill(queue.drain());
  }

  /** Binds at once; what is in flight goes on. Tells how many units moved to the backlog. */
  hold(hold: Hold): number {
    const queue = this.working.hold(hold);
    if (queue === undefined) return 0;
    const { readyCount } = queue;
    this.close(queue);
    return readyCount;
  }

  release(destination: Destination): void {
    // All of its mail may be on its way to the store.
    this.reopen(this.working.release(destination) ?? this.working.queue(destination));
  }

  async #run(): Promise<void> {
    this.#tick();
    await this.#parts.feed.run(this.#reading.signal);
  }

  #goOn(queue: DestinationQueue): void {
    this.#dispatch(queue);
    this.#readBacklog(queue);
  }

  #readBacklog(queue: DestinationQueue): void {
    // In doubt those that run will tell; but the last of them may have had nothing to say.
    const isWaitedFor = queue.isInDoubt && queue.running > 0;
    if (queue.isClosed || isWaitedFor || !queue.backlogs.mayHaveMore) return;
    if (this.#reading.signal.aborted) return;
    void this.#parts.waiting.readBacklog(queue);
  }

  #dispatch(queue: DestinationQueue): void {
    this.#locate(queue);
    this.#ports.dispatcher.offer(queue, this.#parts.unitRun);
  }

  #locate(queue: DestinationQueue): void {
    this.#ports.locating.locate(queue, {
      moved: (from) => this.#parts.admission.forget(from),
      found: (located) => this.#dispatch(located),
    });
  }

  #tick(): void {
    if (this.#reading.signal.aborted) return;
    const { clock, config } = this.#ports;
    const now = clock.monotonic();
    for (const queue of this.working.destinations) {
      // It waits for the journal, or the store would not take it: here it may still be tried.
      if (!this.isJournalAway && !this.#parts.spills.isOverdue) {
        void this.settlement.spill(queue.drainLogged(now - config.timings.spillAfterMs));
      }
      // All of it may wait for a limit that is not its own any more, and nobody else would ask.
      if (queue.readyCount > 0) this.#dispatch(queue);
      this.#readBacklog(queue);
      queue.backlogs.forgetEmpty();
      this.working.forgetIfIdle(queue);
    }
    void this.#parts.waiting.readWheel();
    if (now >= this.#checkpointAt) {
      this.#expireReady();
      this.#checkpointAt = now + config.timings.checkpointMs;
      void this.#parts.checkpoints.writeAndPurge();
    }
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
  }

  /** A destination may be so slow that mail outlives its time in its queue. */
  #expireReady(): void {
    const now = this.#ports.clock.now();
    for (const queue of this.working.destinations) {
      for (const queued of queue.drainExpired(now)) this.settlement.look(queued);
    }
  }

  async #openStore(): Promise<void> {
    const backlogs = await this.#parts.store.begin();
    for (const { backlog, depth, bytes } of backlogs) {
      const queue = this.working.queue(backlogKey(backlog).destination);
      queue.backlogs.of(backlog).grew(depth, bytes);
      this.#readBacklog(queue);
    }
  }

  #stopReading(): void {
    this.#reading.abort(new Error("the shard is given up"));
    this.#parts.reader.close();
    this.#cancelTick?.();
    for (const queue of this.working.destinations) {
      queue.goUp();
      this.#parts.admission.forget(queue);
    }
  }

  /** What waits untried stays where it is: in the log, or in the store. */
  #leave(units: readonly QueuedUnit[]): void {
    for (const queued of units) this.working.remove(queued);
  }
}
