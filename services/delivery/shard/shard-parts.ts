/** What a shard's ownership is made of: each part with what it needs of the others and of their owner. */
import type { Epoch, Lease } from "#lib/leases/leases";
import { backlogOf } from "#lib/queue/backlog-name";
import type { Shard, Uid } from "#lib/queue/unit";
import type { DeferredUnit, Hold } from "#lib/store/store";
import type { LogReader } from "#lib/stream/stream";
import { Admission } from "../destination/admission.ts";
import type { DestinationQueue, DestinationQueuePorts } from "../destination/destination-queue.ts";
import type { WorkerPorts } from "../ports.ts";
import { Settlement } from "../settlement/settlement.ts";
import { SpillQueue } from "../settlement/spill-queue.ts";
import { RetryWheel } from "../waiting/retry-wheel.ts";
import { WaitingFeed } from "../waiting/waiting-feed.ts";
import { Checkpoints } from "./checkpoints.ts";
import { ShardCommands } from "./commands.ts";
import type { JournalWriter } from "./journal-writer.ts";
import { LogFeed } from "./log-feed.ts";
import { OpeningStore } from "./opening-store.ts";
import { Parking } from "./parking.ts";
import { ShardProgress } from "./progress.ts";
import type { QueuedUnit } from "./queued-unit.ts";
import type { Takeover } from "./takeover.ts";
import { UnitRun } from "./unit-run.ts";
import { WorkingSet } from "./working-set.ts";

export interface OwnerPorts extends WorkerPorts {
  readonly writer: JournalWriter;
  /** The shard has another owner by now. */
  readonly onFenced: () => void;
}

export interface Claimed {
  readonly shard: Shard;
  readonly epoch: Epoch;
  readonly lease: Lease | undefined;
  readonly holds: readonly Hold[];
}

/** Where the parts come to their owner. */
export interface OwnerDoors {
  /** The shard is lost, or may be: nothing more is written. */
  readonly isOver: () => boolean;
  /** Places units; resolves when those that cannot be tried are spilled. */
  readonly offer: (units: readonly QueuedUnit[]) => Promise<void>;
  /** The same for what was read from the log; resolves when more may be read. */
  readonly offerRead: (units: readonly QueuedUnit[]) => Promise<void>;
  /** The destination may go on, with what is ready or with its backlog. */
  readonly goOn: (queue: DestinationQueue) => void;
  readonly close: (queue: DestinationQueue) => void;
  readonly reopen: (queue: DestinationQueue) => void;
}

/** What every part is given. */
type CommonPorts = OwnerPorts &
  OwnerDoors & { readonly shard: Shard; readonly epoch: Epoch; readonly storeRetryMs: number };

/** Whose a unit is, and what its tenant weighs. */
function lanesBy({
  sources,
  config,
}: WorkerPorts): Pick<DestinationQueuePorts, "laneOf" | "weightOf"> {
  return {
    laneOf: ({ unit }, provider) => {
      const { tenant = "", campaign = "", lane } = unit;
      const source = sources.choose(unit, provider);
      return { tenant, campaign, source, isHigh: lane === "h" };
    },
    weightOf: (tenant) => config.shaping().weightOf(tenant).value,
  };
}

export class ShardParts {
  readonly store: OpeningStore;
  readonly progress: ShardProgress;
  readonly working: WorkingSet;
  readonly wheel: RetryWheel;
  readonly settlement: Settlement;
  readonly spills: SpillQueue;
  readonly commands: ShardCommands;
  readonly waiting: WaitingFeed;
  readonly checkpoints: Checkpoints;
  readonly admission: Admission;
  readonly unitRun: UnitRun;
  readonly reader: LogReader;
  readonly feed: LogFeed;
  readonly #parking: Parking;
  readonly #ports: CommonPorts;

  constructor(
    claimed: Claimed,
    takeover: Takeover,
    owner: { readonly ports: OwnerPorts; readonly doors: OwnerDoors },
  ) {
    const { shard, epoch } = claimed;
    const { clock, config, log, stream } = owner.ports;
    const { storeRetryMs } = config.timings;
    const common = { ...owner.ports, ...owner.doors, shard, epoch, storeRetryMs };
    this.store = new OpeningStore(common);
    this.#ports = { ...common, store: this.store };
    this.progress = new ShardProgress(takeover.floor);
    const { limits } = config;
    const { room } = owner.ports;
    const unwanted = (uid: Uid) => void this.#cancelAgain(uid);
    this.working = new WorkingSet({ clock, limits, room, unwanted, ...lanesBy(owner.ports) });
    for (const hold of claimed.holds) this.working.hold(hold);
    this.wheel = new RetryWheel(shard, this.store, clock);
    this.#parking = new Parking({ ...this.#ports, progress: this.progress });
    this.settlement = this.#newSettlement();
    this.spills = new SpillQueue({ clock, log, spill: (units) => this.settlement.spill(units) });
    this.commands = new ShardCommands({ ...this.#ports, ...this.#units });
    this.waiting = this.#newWaiting();
    this.checkpoints = this.#newCheckpoints(takeover);
    this.admission = new Admission({
      ...this.#ports,
      dispatch: (queue) => this.#ports.goOn(queue),
    });
    this.unitRun = this.#newUnitRun();
    this.reader = stream.open(shard, takeover.floor);
    this.feed = this.#newFeed(takeover);
  }

  get #units() {
    return { working: this.working, settlement: this.settlement };
  }

  get #contentMissing() {
    return this.#parking.contentMissing(() => this.settlement);
  }

  #newSettlement(): Settlement {
    const { config, writer, nextHops } = this.#ports;
    return new Settlement({
      ...this.#ports,
      journal: writer,
      wheel: this.wheel,
      policy: config.retry,
      delayNotificationMs: config.retry.delayNotificationMs,
      suppression: config.suppression,
      isFinalDelivery: ({ unit }) => nextHops.isFinal(unit.destination),
      settled: (queued, position) => this.#settled(queued, position),
      placed: (deferred) => this.#placed(deferred),
      contentMissing: this.#contentMissing,
      provider: ({ unit }) => this.working.known(unit.destination)?.located?.site.provider,
      lastError: ({ unit }) => this.working.known(unit.destination)?.lastError,
      unwanted: ({ unit }) => void this.#cancelAgain(unit.uid),
    });
  }

  #newWaiting(): WaitingFeed {
    return new WaitingFeed({
      ...this.#ports,
      wheel: this.wheel,
      working: this.working,
      isStoreOpen: () => this.store.isOpen,
      look: (queued) => this.#look(queued),
      late: (lateMs) => this.#ports.metrics.retryLate(lateMs),
      park: (uid, record, reason) => this.#parking.stored(uid, record, reason),
    });
  }

  #newCheckpoints(takeover: Takeover): Checkpoints {
    const { progress, working, wheel } = this;
    const isStoreOpen = () => this.store.isOpen;
    return new Checkpoints({ ...this.#ports, takeover, progress, working, wheel, isStoreOpen });
  }

  #newUnitRun(): UnitRun {
    return new UnitRun({
      ...this.#ports,
      ...{ settlement: this.settlement, admission: this.admission },
      isHere: (queued) => this.working.unit(queued.unit.uid) === queued,
      offer: (units) => void this.#ports.offer(units),
      contentMissing: this.#contentMissing,
    });
  }

  #newFeed(takeover: Takeover): LogFeed {
    const { reader, progress, settlement, working } = this;
    return new LogFeed({
      ...this.#ports,
      ...{ reader, takeover, progress, working },
      offer: this.#ports.offerRead,
      alreadyDeferred: (queued) => settlement.left(queued, "deferred"),
      duplicate: (queued) => settlement.left(queued, "duplicate"),
      park: (entry, reason) => this.#parking.entry(entry, reason),
    });
  }

  #settled(queued: QueuedUnit, position: number): void {
    if (queued.origin.kind === "log") this.progress.settled(queued.origin.sequence, position);
    else for (const rowDone of queued.origin.rowsDone) rowDone();
    this.working.remove(queued);
    // All that was ready may have been moved to the store a moment ago, and it may be its turn now.
    const queue = this.working.known(queued.unit.destination);
    if (queue === undefined || queue.readyCount > 0 || this.#ports.isOver()) return;
    if (!queue.isClosed && queue.backlogs.mayHaveMore) this.#ports.goOn(queue);
  }

  #placed(deferred: DeferredUnit): void {
    const { unit, place } = deferred;
    const { destination, sizeBytes } = unit;
    if (place.kind === "wheel") this.working.toWheel(deferred);
    else this.working.queue(destination).backlogs.of(backlogOf(unit)).grew(1, sizeBytes);
  }

  /** Its row in the backlog stays, and is passed over one day. */
  #look(queued: QueuedUnit): void {
    const { unit } = queued;
    this.working.known(unit.destination)?.backlogs.of(backlogOf(unit)).left(unit.sizeBytes);
    this.settlement.look(queued);
  }

  async #cancelAgain(uid: Uid): Promise<void> {
    const { clock, log, storeRetryMs, isOver } = this.#ports;
    while (!isOver()) {
      try {
        await this.commands.cancel({ id: uid });
        return;
      } catch (error) {
        log.error("cancel_waits", { uid, error: String(error) });
        await clock.sleep(storeRetryMs);
      }
    }
  }
}
