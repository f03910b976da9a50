/** What of a shard is in memory: its destinations, and every unit that is not settled yet. */
import type { Destination, Uid } from "#lib/queue/unit";
import type { DeferredUnit, Hold } from "#lib/store/store";
import type { DeliveryLimits } from "../config.ts";
import { DestinationQueue, type DestinationQueuePorts } from "../destination/destination-queue.ts";
import type { Backlogs } from "../waiting/backlogs.ts";
import { Tally } from "../waiting/tally.ts";
import { type QueuedUnit, unitBytes } from "./queued-unit.ts";
import type { Room } from "./room.ts";

/** Of a backlog, for a destination that has nothing in memory. */
const firstUnits = 10;

export interface WorkingSetPorts extends DestinationQueuePorts {
  /** Shared by the shards of this worker. */
  readonly room: Room;
  /** It was cancelled on its way into memory, and has not come: it waits where it was. */
  readonly unwanted: (uid: Uid) => void;
}

export class WorkingSet {
  readonly #ports: WorkingSetPorts;
  readonly #room: Room;
  readonly #leaveRoom: () => void;
  readonly #limits: DeliveryLimits;
  readonly #destinations = new Map<Destination, DestinationQueue>();
  readonly #units = new Map<Uid, QueuedUnit>();
  readonly #holds = new Map<Destination, Hold>();
  /** Being brought from the store: whoever else finds it there must leave it alone. */
  readonly #claimed = new Set<Uid>();
  readonly #cancelledMeanwhile = new Set<Uid>();
  /** Units in the wheel, by destination … */
  readonly deferred = new Tally<Destination>();
  /** … and those of them that wait for their senders' time. */
  readonly scheduled = new Tally<Destination>();
  /** Units asked of backlogs: ten thousand destinations ask before the first has its answer. */
  #asked = 0;
  #bytes = 0;
  #isClosed = false;
  #roomWaiters: (() => void)[] = [];
  #emptyWaiters: (() => void)[] = [];

  constructor(ports: WorkingSetPorts) {
    this.#ports = ports;
    this.#limits = ports.limits;
    this.#room = ports.room;
    this.#leaveRoom = ports.room.join();
  }

  get unitCount(): number {
    return this.#units.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get destinations(): Iterable<DestinationQueue> {
    return this.#destinations.values();
  }

  get units(): Iterable<QueuedUnit> {
    return this.#units.values();
  }

  unit(uid: Uid): QueuedUnit | undefined {
    return this.#units.get(uid);
  }

  /** In memory, or on its way there from the store. */
  has(uid: Uid): boolean {
    return this.#units.has(uid) || this.#claimed.has(uid);
  }

  /**
   * Reserves a unit that is about to be read from the store; false when another has it. What is read
   * before a claim may be outdated when it arrives, what is read after it is not.
   */
  claim(uid: Uid): boolean {
    if (this.has(uid)) return false;
    this.#claimed.add(uid);
    return true;
  }

  unclaim(uid: Uid): void {
    this.#claimed.delete(uid);
    if (this.#cancelledMeanwhile.delete(uid)) this.#ports.unwanted(uid);
  }

  add(queued: QueuedUnit): void {
    if (queued.origin.kind === "store") this.#fromWheel(queued.origin.deferred);
    this.#units.set(queued.unit.uid, queued);
    this.#changed(queued.bytes);
    if (this.#cancelledMeanwhile.delete(queued.unit.uid)) queued.isCancelled = true;
  }

  toWheel(deferred: DeferredUnit): void {
    const { destination } = deferred.unit;
    this.deferred.came(destination);
    if (isForSchedule(deferred)) this.scheduled.came(destination);
  }

  #fromWheel(deferred: DeferredUnit): void {
    if (deferred.place.kind !== "wheel") return;
    const { destination } = deferred.unit;
    this.deferred.left(destination);
    if (isForSchedule(deferred)) this.scheduled.left(destination);
  }

  /** The shard is given up: what is still in memory takes nobody's room. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leaveRoom();
    this.#room.changed(this.#bytes, 0);
  }

  #changed(bytes: number): void {
    const before = this.#bytes;
    this.#bytes += bytes;
    if (!this.#isClosed) this.#room.changed(before, this.#bytes);
  }

  /** Marks a unit that is in memory, or will be in a moment; false when it is neither. */
  cancel(uid: Uid): boolean {
    const queued = this.#units.get(uid);
    if (queued !== undefined) queued.isCancelled = true;
    else if (this.#claimed.has(uid)) this.#cancelledMeanwhile.add(uid);
    else return false;
    return true;
  }

  remove(queued: QueuedUnit): void {
    const { uid } = queued.unit;
    if (this.#units.get(uid) !== queued) return;
    this.#units.delete(uid);
    this.#changed(-queued.bytes);
    this.#wakeIfRoom();
    if (this.#units.size === 0) for (const wake of this.#emptyWaiters.splice(0)) wake();
  }

  /** What of it waits stays where it is, in the log or in the store. */
  leave(uid: Uid): void {
    const queued = this.#units.get(uid);
    if (queued !== undefined) this.remove(queued);
  }

  /** Resolves when the log may be read further. */
  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
      this.#awaitRoom();
    });
  }

  readonly #wakeIfRoom = (): void => {
    // Nothing comes into a shard that was given up: it must not be kept in memory by its wait, either.
    if (this.#isClosed || this.#roomWaiters.length === 0) return;
    if (this.hasRoom) for (const wake of this.#roomWaiters.splice(0)) wake();
    else this.#awaitRoom();
  };

  /** What is full by itself is told by its own removals; others' are of use only where all are full. */
  #awaitRoom(): void {
    if (!this.#room.isFor(this.#bytes)) this.#room.whenFreed(this.#wakeIfRoom);
  }

  /** Resolves when nothing is unsettled. */
  empty(): Promise<void> {
    if (this.#units.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptyWaiters.push(resolve);
    });
  }

  /** Bytes that may be read at once, of log or wheel. */
  get readBytes(): number {
    return this.#room.readBytes(this.#bytes);
  }

  /**
   * Units that may be asked of a backlog. Half of the room is for what comes from the store, so that
   * old mail cannot keep new mail out; a destination that has nothing here gets a few beyond that,
   * or those that may send little would keep all others out.
   */
  roomForBacklog(queue: DestinationQueue): number {
    const left = this.#unitsLeft(1 / 2);
    const isFirst = queue.readyCount === 0 && queue.backlogs.asked === 0;
    if (left >= firstUnits || !isFirst) return Math.max(0, left);
    return Math.max(0, Math.min(firstUnits, this.#unitsLeft(3 / 4)));
  }

  /** Units from the store that find room in such a share of it. */
  #unitsLeft(share: number): number {
    const count = this.#limits.shardUnitsMax * share - this.#units.size - this.#asked;
    return Math.floor(Math.min(count, this.#room.left(this.#bytes, share) / unitBytes));
  }

  /** Keeps room for what is asked of a backlog, until it is here. */
  askBacklog({ backlogs }: DestinationQueue, units: number): () => void {
    this.#ask(backlogs, units);
    return () => {
      this.#ask(backlogs, -units);
      this.#wakeIfRoom();
    };
  }

  #ask(backlogs: Backlogs, units: number): void {
    this.#asked += units;
    backlogs.asked += units;
    this.#changed(units * unitBytes);
  }

  queue(destination: Destination): DestinationQueue {
    let queue = this.#destinations.get(destination);
    if (queue === undefined) {
      queue = new DestinationQueue(destination, this.#ports);
      const hold = this.#holds.get(destination);
      if (hold !== undefined) queue.hold = hold;
      this.#destinations.set(destination, queue);
    }
    return queue;
  }

  known(destination: Destination): DestinationQueue | undefined {
    return this.#destinations.get(destination);
  }

  forgetIfIdle(queue: DestinationQueue): void {
    if (queue.isForgettable) this.#destinations.delete(queue.destination);
  }

  /** Holds for destinations of other shards are kept too: which is whose is not known here. */
  hold(hold: Hold): DestinationQueue | undefined {
    this.#holds.set(hold.destination, hold);
    const queue = this.#destinations.get(hold.destination);
    if (queue !== undefined) queue.hold = hold;
    return queue;
  }

  release(destination: Destination): DestinationQueue | undefined {
    this.#holds.delete(destination);
    const queue = this.#destinations.get(destination);
    if (queue !== undefined) queue.hold = undefined;
    return queue;
  }

  get holds(): ReadonlyMap<Destination, Hold> {
    return this.#holds;
  }

  get hasRoom(): boolean {
    const { shardUnitsMax, shardBytesMax } = this.#limits;
    return (
      this.#units.size < shardUnitsMax &&
      this.#bytes < shardBytesMax &&
      this.#room.isFor(this.#bytes)
    );
  }
}

/** It stands in the wheel for its sender's time. */
function isForSchedule({ place, unit, attempts }: DeferredUnit): boolean {
  return place.kind === "wheel" && unit.notBefore !== undefined && attempts === 0;
}
