/**
 * One shard while this worker owns it: takeover, reading, attempts, settlement, checkpoints, hand-over.
 *
 *   start: seal and replay the last owner → checkpoint with our journal → read
 *   stop:  stop reading → running attempts finish → journal → last checkpoint, released
 *   fence: nothing more is written; the next owner finds everything as it was
 */
import type { CancelTimer } from "#lib/clock";
import {
  type Checkpoint,
  type Epoch,
  Fenced,
  type JournalMark,
  type Lease,
} from "#lib/leases/leases";
import { nextAttempt } from "#lib/queue/schedule";
import type { Destination, Shard } from "#lib/queue/unit";
import { queueIdOf } from "#lib/queue/unit";
import type { DeferredUnit, Hold } from "#lib/store/store";
import type { LogEntry, LogReader } from "#lib/stream/stream";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { WorkerPorts } from "../ports.ts";
import type { DestinationQueue } from "./destination-queue.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { LogFeed } from "./log-feed.ts";
import { park } from "./parking.ts";
import { ShardProgress } from "./progress.ts";
import type { QueuedUnit } from "./queued-unit.ts";
import { RetryWheel } from "./retry-wheel.ts";
import { Settlement } from "./settlement.ts";
import { type Takeover, takeOver } from "./takeover.ts";
import { WaitingFeed } from "./waiting-feed.ts";
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
  readonly #ports: OwnerPorts;
  readonly #progress: ShardProgress;
  readonly #takeover: Takeover;
  readonly #waiting: WaitingFeed;
  readonly #reader: LogReader;
  readonly #reading = new AbortController();
  #isOver = false;
  #cancelTick: CancelTimer | undefined;
  #checkpointAt: number;
  #checkpointed: Checkpoint | undefined;

  /** Takes the shard over from its last owner. Rejects when something needed for that is away. */
  static async start(
    claimed: { shard: Shard; epoch: Epoch; lease: Lease | undefined; holds: readonly Hold[] },
    ports: OwnerPorts,
  ): Promise<ShardOwner> {
    const { shard, lease } = claimed;
    const takeover = await takeOver(shard, lease, ports);
    const owner = new ShardOwner(claimed, takeover, ports);
    // From here on a successor knows that our journal matters (Checkpoint.journals).
    await owner.#checkpoint();
    await owner.#loadBacklogs();
    void owner.#run();
    return owner;
  }

  private constructor(
    claimed: { shard: Shard; epoch: Epoch; holds: readonly Hold[] },
    takeover: Takeover,
    ports: OwnerPorts,
  ) {
    const { shard, epoch } = claimed;
    const { clock, config, store, stream } = ports;
    this.shard = shard;
    this.epoch = epoch;
    this.#ports = ports;
    this.#takeover = takeover;
    this.#progress = new ShardProgress(takeover.floor);
    this.working = new WorkingSet(clock, config.limits);
    this.wheel = new RetryWheel(shard, store, clock);
    this.settlement = new Settlement(this.#settlementPorts());
    this.#waiting = new WaitingFeed(this.#waitingPorts());
    this.#reader = stream.open(shard, takeover.floor);
    this.#checkpointAt = clock.monotonic() + config.timings.checkpointMs;
    for (const hold of claimed.holds) this.working.hold(hold);
  }

  get floor(): number {
    return this.#progress.floor;
  }

  /** The end of ownership in good order. Attempts still running after `drainMs` go on unrecorded. */
  async stop(): Promise<void> {
    const { clock, config, leases } = this.#ports;
    this.#stopReading();
    const drained = new AbortController();
    for (const queue of this.working.destinations) this.#leave(queue.drain());
    await Promise.race([
      this.working.empty(),
      clock.sleep(config.timings.drainMs, drained.signal).catch(() => {}),
    ]);
    drained.abort();
    if (this.#isOver) return;
    this.#isOver = true;
    await leases.release(this.shard, this.epoch, this.#currentCheckpoint());
  }

  /** Another owner has the shard, or may have: nothing of it is touched any more. */
  fence(): void {
    this.#isOver = true;
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
      if (queued.unit.expiresAt <= now) this.settlement.expired(queued);
      else if (queue.isClosed || queue.isFull) spilled.push(queued);
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
    this.#dispatch(queue);
    void this.#waiting.readBacklog(queue);
  }

  /** Moves what is ready out of the way of a destination that closed. */
  close(queue: DestinationQueue): void {
    void this.settlement.spill(queue.drain());
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
      park: (entry, reason) => this.#park(entry, reason),
    });
  }

  #dispatch(queue: DestinationQueue): void {
    this.#ports.dispatcher.offer(queue, this.#runUnit);
  }

  readonly #runUnit = async (queue: DestinationQueue, queued: QueuedUnit): Promise<void> => {
    const { clock, log } = this.#ports;
    try {
      if (this.#isOver) return;
      if (queued.isCancelled) return await this.settlement.cancelled(queued);
      if (queued.unit.expiresAt <= clock.now()) return this.settlement.expired(queued);
      await this.#attempt(queue, queued);
    } catch (error) {
      // Unknown is transient: it is tried again, from where it was.
      log.error("attempt_broke_off", { uid: queued.unit.uid, error: String(error) });
      clock.after(this.#ports.config.timings.storeRetryMs, () => void this.offer([queued]));
    }
  };

  async #attempt(queue: DestinationQueue, queued: QueuedUnit): Promise<void> {
    const { clock, attempts } = this.#ports;
    const content = await this.#content(queued);
    if (content === undefined) return this.#contentMissing(queued);
    const startedAt = clock.monotonic();
    const report = await attempts.attempt(queued.unit, content);
    if (this.#isOver) return;
    const isDown = this.#feedback(queue, report, startedAt);
    this.settlement.attempted(queued, report, isDown);
    this.#dispatch(queue);
    if (queue.readyCount === 0) void this.#waiting.readBacklog(queue);
  }

  #content(queued: QueuedUnit): Promise<Uint8Array | undefined> | Uint8Array {
    const { origin, unit } = queued;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return this.#ports.store.content(id);
    return origin.content ?? this.#ports.stream.content(id);
  }

  async #contentMissing(queued: QueuedUnit): Promise<void> {
    const { origin, unit } = queued;
    const sequence = origin.kind === "log" ? origin.sequence : 0;
    const entry = { sequence, uid: unit.uid, record: new Uint8Array() };
    await park(this.shard, { entry, reason: "content is missing" }, this.#parkingPorts);
    if (origin.kind === "store") await this.settlement.cancelled(queued);
    else this.settlement.left(queued, "parked");
  }

  /** Tells the destination how it went; true when that leaves it down. */
  #feedback(queue: DestinationQueue, report: AttemptReport, startedAt: number): boolean {
    const failure = report.outcomes.find((outcome) => outcome.kind === "transient");
    const isHostFailure = report.outcomes.every(
      (o) => o.kind === "transient" && (o.scope === "host" || o.scope === "destination"),
    );
    if (!isHostFailure || failure === undefined) {
      queue.succeeded();
      return false;
    }
    const failures = queue.failed(startedAt);
    if (failures === 0) return false;
    if (queue.down === undefined) this.#goDown(queue, failure.reason, failures);
    return true;
  }

  #goDown(queue: DestinationQueue, reason: string, failures: number): void {
    const { clock, random, config, pool, log, metrics } = this.#ports;
    const now = clock.now();
    const { retry } = config;
    const next = nextAttempt(
      {
        attempts: failures,
        acceptedAt: now,
        expiresAt: Number.MAX_SAFE_INTEGER,
        now,
        policy: retry,
      },
      random,
    );
    const until = "at" in next ? next.at : now + retry.capMs;
    queue.goDown(reason, until, () => this.reopen(queue));
    pool.close(queue.destination);
    this.close(queue);
    metrics.destinationDown();
    log.warn("destination_down", {
      destination: queue.destination,
      reason,
      until: new Date(until).toISOString(),
    });
  }

  async #park(entry: LogEntry, reason: string): Promise<void> {
    await park(this.shard, { entry, reason }, this.#parkingPorts);
    const { clock, writer } = this.#ports;
    const { sequence, uid } = entry;
    const event = {
      at: clock.now(),
      shard: this.shard,
      sequence,
      uid,
      destination: "" as Destination,
      disposition: "parked" as const,
      recipients: [],
      attempt: 0,
    };
    writer.record(event, (position) => this.#progress.settled(sequence, position));
  }

  get #parkingPorts() {
    return { ...this.#ports, storeRetryMs: this.#ports.config.timings.storeRetryMs };
  }

  #tick(): void {
    if (this.#reading.signal.aborted) return;
    const { clock, config } = this.#ports;
    const now = clock.monotonic();
    for (const queue of this.working.destinations) {
      const stale = queue.drainLogged(now - config.timings.spillAfterMs);
      if (stale.length > 0) void this.settlement.spill(stale);
      if (queue.backlog.mayHaveMore) void this.#waiting.readBacklog(queue);
      this.working.forgetIfIdle(queue);
    }
    void this.#waiting.readWheel();
    void this.#waiting.readHeads();
    if (now >= this.#checkpointAt) {
      this.#checkpointAt = now + config.timings.checkpointMs;
      void this.#checkpointAndPurge();
    }
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
  }

  async #checkpointAndPurge(): Promise<void> {
    const { store, stream, log } = this.#ports;
    try {
      await this.#checkpoint();
      await this.wheel.advance();
      for (const queue of this.working.destinations) {
        const { done } = queue.backlog;
        if (done === undefined) continue;
        await store.advanceBacklog(this.shard, queue.destination, done);
        queue.backlog.told(done);
      }
      // Only now: the checkpoint says that nobody needs what lies behind the floor.
      const floor = this.#checkpointed?.floor ?? 0;
      if (floor > 0 && !this.#isOver) await stream.purge(this.shard, floor);
    } catch (error) {
      if (error instanceof Fenced) this.#ports.onFenced();
      else log.error("checkpoint_failed", { shard: this.shard, error: String(error) });
    }
  }

  async #checkpoint(): Promise<void> {
    if (this.#isOver) return;
    const checkpoint = this.#currentCheckpoint();
    if (isSame(checkpoint, this.#checkpointed)) return;
    await this.#ports.leases.checkpoint(this.shard, this.epoch, checkpoint);
    this.#checkpointed = checkpoint;
  }

  #currentCheckpoint(): Checkpoint {
    const { me, writer } = this.#ports;
    const floor = this.#progress.floor;
    const own: JournalMark = { writer: me, position: this.#progress.replayFrom(writer.position) };
    const isPassed = floor >= this.#takeover.suspectThrough;
    return { floor, journals: isPassed ? [own] : [...this.#takeover.journals, own] };
  }

  async #loadBacklogs(): Promise<void> {
    const backlogs = await this.#ports.store.backlogs(this.shard);
    for (const { destination, depth, bytes } of backlogs) {
      const queue = this.working.queue(destination);
      queue.backlog.grew(depth, bytes);
      queue.backlog.headDueAt = Number.NEGATIVE_INFINITY;
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

  #backlogged(queued: QueuedUnit, deferred: DeferredUnit): void {
    const { backlog } = this.working.queue(queued.unit.destination);
    backlog.grew(1, queued.unit.sizeBytes);
    backlog.headDueAt = Math.min(backlog.headDueAt, this.#waiting.headDueAt(deferred));
  }

  #settled(queued: QueuedUnit, position: number): void {
    if (queued.origin.kind === "log") this.#progress.settled(queued.origin.sequence, position);
    else queued.origin.rowDone();
    this.working.remove(queued);
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
      backlogged: (queued: QueuedUnit, deferred: DeferredUnit) =>
        this.#backlogged(queued, deferred),
      isOver: () => this.#isOver,
    };
  }

  #waitingPorts() {
    return {
      ...this.#ports,
      shard: this.shard,
      wheel: this.wheel,
      working: this.working,
      delayNotificationMs: this.#ports.config.retry.delayNotificationMs,
      offer: (units: readonly QueuedUnit[]) => this.offer(units),
      expired: (queued: QueuedUnit) => this.settlement.expired(queued),
      delayed: (queued: QueuedUnit) => this.settlement.delayed(queued),
    };
  }
}

function isSame(a: Checkpoint, b: Checkpoint | undefined): boolean {
  return (
    a.floor === b?.floor &&
    a.journals.length === b.journals.length &&
    a.journals.every((mark, i) => mark.position === b.journals[i]?.position)
  );
}
