/**
 * One shard while this worker owns it: takeover, reading, attempts, settlement, checkpoints, hand-over.
 *
 *   start: seal and replay the last owner → checkpoint with our journal → read
 *   stop:  stop reading → running attempts finish → journal → last checkpoint, released
 *   fence: nothing more is written; the next owner finds everything as it was
 */
import type { CancelTimer } from "#lib/clock";
import type { Epoch, Lease } from "#lib/leases/leases";
import { shardOf } from "#lib/queue/shard";
import type { Destination, Shard, Uid } from "#lib/queue/unit";
import type { Hold, Place } from "#lib/store/store";
import type { LogReader } from "#lib/stream/stream";
import type { WorkerPorts } from "../ports.ts";
import { Settlement } from "../settlement/settlement.ts";
import { RetryWheel } from "../waiting/retry-wheel.ts";
import { WaitingFeed } from "../waiting/waiting-feed.ts";
import { Checkpoints } from "./checkpoints.ts";
import { ShardCommands } from "./commands.ts";
import type { DestinationQueue } from "./destination-queue.ts";
import { handOver } from "./hand-over.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { LogFeed } from "./log-feed.ts";
import { OpeningStore } from "./opening-store.ts";
import { Parking } from "./parking.ts";
import { ShardProgress } from "./progress.ts";
import type { QueuedUnit } from "./queued-unit.ts";
import { type Takeover, takeOver } from "./takeover.ts";
import { UnitRun } from "./unit-run.ts";
import { WorkingSet } from "./working-set.ts";

const tickMs = 1_000;

export interface OwnerPorts extends WorkerPorts {
  readonly writer: JournalWriter;
  /** The shard has another owner by now. */
  readonly onFenced: () => void;
}

export class ShardOwner {
  readonly shard: Shard;
  readonly epoch: Epoch;
  readonly working: WorkingSet;
  readonly wheel: RetryWheel;
  readonly settlement: Settlement;
  readonly commands: ShardCommands;
  readonly #ports: OwnerPorts;
  readonly #store: OpeningStore;
  readonly #progress: ShardProgress;
  readonly #takeover: Takeover;
  readonly #parking: Parking;
  readonly #waiting: WaitingFeed;
  readonly #checkpoints: Checkpoints;
  readonly #unitRun: UnitRun;
  readonly #reader: LogReader;
  readonly #reading = new AbortController();
  #isGivenUp = false;
  #cancelTick: CancelTimer | undefined;
  #checkpointAt: number;

  /** Takes the shard over from its last owner. Rejects when something needed for that is away. */
  static async start(
    claimed: { shard: Shard; epoch: Epoch; lease: Lease | undefined; holds: readonly Hold[] },
    ports: OwnerPorts,
  ): Promise<ShardOwner> {
    const { shard, lease } = claimed;
    const takeover = await takeOver(shard, lease, ports);
    const owner = new ShardOwner(claimed, takeover, ports);
    try {
      // From here on a successor knows that our journal matters (Checkpoint.journals).
      await owner.#checkpoints.write();
    } catch (error) {
      owner.fence();
      throw error;
    }
    ports.limits.open(shard, lease);
    void owner.#openStore();
    void owner.#run();
    return owner;
  }

  private constructor(
    claimed: { shard: Shard; epoch: Epoch; holds: readonly Hold[] },
    takeover: Takeover,
    ports: OwnerPorts,
  ) {
    const { shard, epoch } = claimed;
    const { clock, config, stream } = ports;
    const { storeRetryMs } = config.timings;
    const isOver = () => this.#isOver;
    const store = new OpeningStore({ ...ports, shard, epoch, storeRetryMs, isOver });
    this.shard = shard;
    this.epoch = epoch;
    this.#store = store;
    this.#ports = { ...ports, store };
    this.#takeover = takeover;
    this.#progress = new ShardProgress(takeover.floor);
    this.working = new WorkingSet(clock, config.limits);
    this.wheel = new RetryWheel(shard, store, clock);
    this.#parking = new Parking(this.#parkingPorts());
    this.settlement = new Settlement(this.#settlementPorts());
    this.commands = new ShardCommands(this.#commandsPorts());
    this.#waiting = new WaitingFeed(this.#waitingPorts());
    this.#checkpoints = new Checkpoints(this.#checkpointsPorts(takeover));
    this.#unitRun = new UnitRun(this.#unitRunPorts());
    this.#reader = stream.open(shard, takeover.floor);
    this.#checkpointAt = clock.monotonic() + config.timings.checkpointMs;
    for (const hold of claimed.holds) this.working.hold(hold);
  }

  get #isOver(): boolean {
    return this.#isGivenUp || this.#ports.tenure.isExpired;
  }

  get floor(): number {
    return this.#progress.floor;
  }

  /** False once it is being handed over, or has another owner. */
  get isReading(): boolean {
    return !this.#reading.signal.aborted;
  }

  get isStoreOpen(): boolean {
    return this.#store.isOpen;
  }

  get isJournalAway(): boolean {
    return this.#ports.writer.isUnanswered;
  }

  /** Held destinations of this shard, also those without mail. */
  get ownHolds(): readonly Destination[] {
    const { shards } = this.#ports.config;
    return [...this.working.holds.keys()].filter((name) => shardOf(name, shards) === this.shard);
  }

  /** The end of ownership in good order. Rejects when it was not to be had before `limit` aborted. */
  async stop(limit: AbortSignal): Promise<void> {
    this.#stopReading();
    for (const queue of this.working.destinations) this.#leave(queue.drain());
    const { timings } = this.#ports.config;
    const { shard, epoch, working, settlement } = this;
    const [checkpoints, opening] = [this.#checkpoints, this.#store];
    const own = { shard, epoch, working, settlement, checkpoints, opening, timings };
    const isOver = () => this.#isOver;
    const close = () => {
      this.#isGivenUp = true;
    };
    await handOver({ ...this.#ports, ...own, isOver, close }, limit);
  }

  /** Resolves when it writes nothing to the store any more. */
  async quiet(): Promise<void> {
    await this.#store.quiet();
    await this.settlement.quiet();
    await this.#checkpoints.quiet();
  }

  /** Another owner has the shard, or may have: nothing of it is touched any more. */
  fence(): void {
    this.#isGivenUp = true;
    this.#stopReading();
  }

  /** Places units that came from the log or the store; resolves when those that cannot be tried are spilled. */
  async offer(units: readonly QueuedUnit[]): Promise<void> {
    if (this.#reading.signal.aborted) return this.#leave(units);
    const now = this.#ports.clock.now();
    const spilled: QueuedUnit[] = [];
    const touched = new Set<DestinationQueue>();
    for (const queued of units) {
      const queue = this.working.queue(queued.unit.destination);
      if (queued.unit.expiresAt <= now && !queued.isCancelled) this.settlement.expired(queued);
      else if (queue.isClosed || queue.isFull || queued.isCancelled) spilled.push(queued);
      else {
        queue.push(queued);
        touched.add(queue);
      }
    }
    for (const queue of touched) this.#dispatch(queue);
    await this.settlement.spill(spilled);
  }

  /** The destination was opened, by time or by an operator. */
  reopen(queue: DestinationQueue): void {
    if (this.#isOver) return;
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
    const queue = this.working.release(destination);
    if (queue !== undefined) this.reopen(queue);
  }

  async #run(): Promise<void> {
    this.#tick();
    await this.#feed().run(this.#reading.signal);
  }

  #feed(): LogFeed {
    const { settlement, working } = this;
    return new LogFeed({
      ...this.#ports,
      shard: this.shard,
      reader: this.#reader,
      takeover: this.#takeover,
      progress: this.#progress,
      working,
      storeRetryMs: this.#ports.config.timings.storeRetryMs,
      offer: (units) => this.offer(units),
      alreadyDeferred: (queued) => settlement.left(queued, "deferred"),
      duplicate: (queued) => settlement.left(queued, "duplicate"),
      park: (entry, reason) => this.#parking.entry(entry, reason),
    });
  }

  #goOn(queue: DestinationQueue): void {
    this.#dispatch(queue);
    this.#readBacklog(queue);
  }

  #readBacklog(queue: DestinationQueue): void {
    if (queue.isClosed || !queue.backlog.mayHaveMore || this.#reading.signal.aborted) return;
    void this.#waiting.readBacklog(queue);
  }

  #dispatch(queue: DestinationQueue): void {
    this.#ports.dispatcher.offer(queue, this.#unitRun.run);
  }

  #tick(): void {
    if (this.#reading.signal.aborted) return;
    const { clock, config } = this.#ports;
    const now = clock.monotonic();
    for (const queue of this.working.destinations) {
      // It waits for the journal, not for its destination: moved away it is not settled, either.
      if (!this.isJournalAway) {
        void this.settlement.spill(queue.drainLogged(now - config.timings.spillAfterMs));
      }
      this.#readBacklog(queue);
      this.working.forgetIfIdle(queue);
    }
    void this.#waiting.readWheel();
    if (now >= this.#checkpointAt) {
      this.#expireReady();
      this.#checkpointAt = now + config.timings.checkpointMs;
      void this.#checkpoints.writeAndPurge();
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
    const backlogs = await this.#store.begin();
    for (const { destination, depth, bytes } of backlogs) {
      const queue = this.working.queue(destination);
      queue.backlog.grew(depth, bytes);
      this.#readBacklog(queue);
    }
  }

  #stopReading(): void {
    this.#reading.abort(new Error("the shard is given up"));
    this.#reader.close();
    this.#cancelTick?.();
    for (const queue of this.working.destinations) queue.goUp();
  }

  /** What waits untried stays where it is: in the log, or in the store. */
  #leave(units: readonly QueuedUnit[]): void {
    for (const queued of units) this.working.remove(queued);
  }

  #placed({ unit }: QueuedUnit, where: Place["kind"]): void {
    const { destination, sizeBytes } = unit;
    if (where === "wheel") this.working.deferred.came(destination);
    else this.working.queue(destination).backlog.grew(1, sizeBytes);
  }

  /** Its row in the backlog stays, and is passed over one day. */
  #look(queued: QueuedUnit): void {
    const { unit } = queued;
    this.working.known(unit.destination)?.backlog.left(unit.sizeBytes);
    this.settlement.look(queued);
  }

  async #cancelAgain({ unit }: QueuedUnit): Promise<void> {
    const { clock, log, config } = this.#ports;
    while (!this.#isOver) {
      try {
        await this.commands.cancel({ id: unit.uid });
        return;
      } catch (error) {
        log.error("cancel_waits", { uid: unit.uid, error: String(error) });
        await clock.sleep(config.timings.storeRetryMs);
      }
    }
  }

  #settled(queued: QueuedUnit, position: number): void {
    if (queued.origin.kind === "log") this.#progress.settled(queued.origin.sequence, position);
    else for (const rowDone of queued.origin.rowsDone) rowDone();
    this.working.remove(queued);
  }

  #parkingPorts() {
    const own = { shard: this.shard, progress: this.#progress, isOver: () => this.#isOver };
    return { ...this.#ports, ...own, storeRetryMs: this.#ports.config.timings.storeRetryMs };
  }

  #settlementPorts() {
    const { config, writer } = this.#ports;
    return {
      ...this.#ports,
      shard: this.shard,
      journal: writer,
      wheel: this.wheel,
      policy: config.retry,
      delayNotificationMs: config.retry.delayNotificationMs,
      storeRetryMs: config.timings.storeRetryMs,
      isFinalDelivery: (queued: QueuedUnit) =>
        this.#ports.nextHops.isFinal(queued.unit.destination),
      settled: (queued: QueuedUnit, position: number) => this.#settled(queued, position),
      placed: (queued: QueuedUnit, where: Place["kind"]) => this.#placed(queued, where),
      contentMissing: this.#parking.contentMissing(() => this.settlement),
      lastError: ({ unit }: QueuedUnit) => this.working.known(unit.destination)?.lastError,
      unwanted: (queued: QueuedUnit) => void this.#cancelAgain(queued),
      isOver: () => this.#isOver,
    };
  }

  #commandsPorts() {
    const { shard, working, settlement } = this;
    return {
      ...this.#ports,
      ...{ shard, working, settlement },
      offer: (units: readonly QueuedUnit[]) => this.offer(units),
      reopen: (queue: DestinationQueue) => this.reopen(queue),
      isOver: () => this.#isOver,
    };
  }

  #waitingPorts() {
    const { shard, wheel, working } = this;
    return {
      ...this.#ports,
      ...{ shard, wheel, working },
      isStoreOpen: () => this.#store.isOpen,
      offer: (units: readonly QueuedUnit[]) => this.offer(units),
      look: (queued: QueuedUnit) => this.#look(queued),
      park: (uid: Uid, record: Uint8Array, reason: string) =>
        this.#parking.stored(uid, record, reason),
    };
  }

  #checkpointsPorts(takeover: Takeover) {
    const { shard, epoch, working, wheel } = this;
    const progress = this.#progress;
    const isOver = () => this.#isOver;
    const isStoreOpen = () => this.#store.isOpen;
    const own = { shard, epoch, takeover, progress, working, wheel };
    return { ...this.#ports, ...own, isOver, isStoreOpen };
  }

  #unitRunPorts() {
    const { shard, settlement } = this;
    return {
      ...this.#ports,
      ...{ shard, settlement },
      isOver: () => this.#isOver,
      isHere: (queued: QueuedUnit) => this.working.unit(queued.unit.uid) === queued,
      goOn: (queue: DestinationQueue) => this.#goOn(queue),
      close: (queue: DestinationQueue) => this.close(queue),
      reopen: (queue: DestinationQueue) => this.reopen(queue),
      offer: (units: readonly QueuedUnit[]) => void this.offer(units),
      contentMissing: this.#parking.contentMissing(() => this.settlement),
    };
  }
}
