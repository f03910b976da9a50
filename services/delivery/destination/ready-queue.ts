/**
 * What is ready for one destination, by whose it is: tenants take turns by deficit round robin
 * (Shreedhar and Varghese 1995), so that ten messages of one do not wait behind a million of
 * another. A tenant's mail stands in lanes, one for each combination of what its limits depend on:
 * a lane that a limit keeps back does not keep the others.
 */
import { Fifo } from "#lib/queue/fifo";
import type { Path } from "../path/paths.ts";
import type { QueuedUnit } from "../shard/queued-unit.ts";
import type { Wait } from "./admission.ts";

/** What a lane's units have in common. */
export interface LaneOf {
  /** Empty: of nobody in particular. */
  readonly tenant: string;
  readonly campaign: string;
  /** Name of the egress source; empty: the machine's own. */
  readonly source: string;
  readonly isHigh: boolean;
}

/** Turns of one tenant: recipients for each unit of its weight. */
const quantum = 10;
const nothing = { units: 0, bytes: 0 };
/** More lanes than these are forgotten when they are empty: names come from submitters. */
const lanesMax = 64;

export class Lane {
  readonly of: LaneOf;
  readonly key: string;
  readonly units = new Fifo<QueuedUnit>();
  /** As last bound; who lets it go keeps it here. */
  path: Path | undefined;
  /** What keeps it back, while something does. */
  wait: Wait | undefined;
  isBlocked = false;
  /** It stands in its tenant's rotation. */
  isListed = false;

  constructor(of: LaneOf, key: string) {
    this.of = of;
    this.key = key;
  }

  get isReady(): boolean {
    return !this.isBlocked && this.units.length > 0;
  }
}

class Turns {
  readonly name: string;
  /** Of lanes that may be ready: high priority goes first. */
  readonly #high = new Fifo<Lane>();
  readonly #normal = new Fifo<Lane>();
  credit = 0;
  isListed = false;
  units = 0;
  bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  list(lane: Lane): void {
    if (lane.isListed) return;
    lane.isListed = true;
    this.#rotationOf(lane).push(lane);
  }

  next(): Lane | undefined {
    return ready(this.#high) ?? ready(this.#normal);
  }

  /** The lane that was next goes behind the others of its priority. */
  turn(lane: Lane): void {
    const rotation = this.#rotationOf(lane);
    rotation.shift();
    if (lane.isReady) rotation.push(lane);
    else lane.isListed = false;
  }

  #rotationOf({ of }: Lane): Fifo<Lane> {
    return of.isHigh ? this.#high : this.#normal;
  }
}

function ready(rotation: Fifo<Lane>): Lane | undefined {
  for (;;) {
    const lane = rotation.peek();
    if (lane === undefined || lane.isReady) return lane;
    rotation.shift();
    lane.isListed = false;
  }
}

export interface ReadyQueueOptions {
  readonly laneOf: (queued: QueuedUnit) => LaneOf;
  /** A tenant's part beside others. */
  readonly weightOf: (tenant: string) => number;
}

/** Whether the next in turn may go. */
export type Admit = (queued: QueuedUnit, lane: Lane) => boolean | undefined;

export class ReadyQueue {
  readonly #options: ReadyQueueOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #tenants = new Map<string, Turns>();
  readonly #active = new Fifo<Turns>();
  /** Where the last unit came: most come where the one before them did. */
  #last: Lane | undefined;
  #length = 0;
  #blocked = 0;
  #bytes = 0;

  constructor(options: ReadyQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Units in lanes that no limit keeps back. */
  get startable(): number {
    return this.#length - this.#blocked;
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** What is ready of one tenant. */
  ofTenant(tenant: string): { readonly units: number; readonly bytes: number } {
    return this.#tenants.get(tenant) ?? nothing;
  }

  push(queued: QueuedUnit): void {
    const lane = this.#laneOf(queued);
    lane.units.push(queued);
    this.#count(lane, queued, 1);
    this.#activate(lane);
  }

  /**
   * The next in turn that `admit` lets go. A lane whose first unit is not let go is blocked until
   * `unblock`; the others are asked in its place, but where `admit` knows no answer: then nothing is
   * taken, and the turn stays.
   */
  take(admit: Admit): QueuedUnit | undefined {
    for (;;) {
      const turns = this.#active.peek();
      if (turns === undefined) return undefined;
      const lane = turns.next();
      const queued = lane?.units.peek();
      if (lane === undefined || queued === undefined) this.#deactivate(turns);
      else if (this.#mustYield(turns, queued)) this.#yield(turns);
      else {
        const isAdmitted = admit(queued, lane);
        if (isAdmitted === undefined) return undefined;
        if (isAdmitted) return this.#taken(turns, lane, queued);
        this.block(lane);
      }
    }
  }

  block(lane: Lane): void {
    if (lane.isBlocked) return;
    lane.isBlocked = true;
    this.#blocked += lane.units.length;
  }

  unblock(lane: Lane): void {
    if (!lane.isBlocked) return;
    lane.isBlocked = false;
    this.#blocked -= lane.units.length;
    if (lane.units.length > 0) this.#activate(lane);
  }

  /** Takes out, wherever it stands. */
  takeOut(test: (queued: QueuedUnit) => boolean): QueuedUnit[] {
    const all = [...this.#lanes.values()].flatMap((lane) => this.#takeOutOf(lane, test));
    // As they were accepted: in the store they stand in one row.
    return this.#lanes.size === 1 ? all : all.toSorted(byUid);
  }

  /** All that stands in a lane. */
  empty(lane: Lane): QueuedUnit[] {
    return this.#takeOutOf(lane, () => true);
  }

  #takeOutOf(lane: Lane, test: (queued: QueuedUnit) => boolean): QueuedUnit[] {
    const taken = lane.units.take(test);
    for (const queued of taken) this.#count(lane, queued, -1);
    return taken;
  }

  #taken(turns: Turns, lane: Lane, queued: QueuedUnit): QueuedUnit {
    lane.units.shift();
    this.#count(lane, queued, -1);
    turns.credit = Math.max(0, turns.credit - costOf(queued));
    turns.turn(lane);
    return queued;
  }

  /** Who is alone owes nobody anything. */
  #mustYield(turns: Turns, queued: QueuedUnit): boolean {
    return this.#active.length > 1 && turns.credit < costOf(queued);
  }

  #yield(turns: Turns): void {
    turns.credit += quantum * this.#options.weightOf(turns.name);
    this.#active.shift();
    this.#active.push(turns);
  }

  #activate(lane: Lane): void {
    if (lane.isBlocked) return;
    const turns = this.#turnsOf(lane.of.tenant);
    turns.list(lane);
    if (turns.isListed) return;
    turns.isListed = true;
    this.#active.push(turns);
  }

  #deactivate(turns: Turns): void {
    this.#active.shift();
    turns.isListed = false;
    // Who is only kept back goes on where it was: else a limit would make all alike.
    if (turns.units === 0) turns.credit = 0;
    if (turns.units === 0) this.#tenants.delete(turns.name);
  }

  #count(lane: Lane, queued: QueuedUnit, by: 1 | -1): void {
    const bytes = by * queued.bytes;
    const turns = this.#turnsOf(lane.of.tenant);
    turns.units += by;
    turns.bytes += bytes;
    this.#length += by;
    this.#bytes += bytes;
    if (lane.isBlocked) this.#blocked += by;
    if (turns.units === 0 && !turns.isListed) this.#tenants.delete(turns.name);
  }

  #turnsOf(tenant: string): Turns {
    let turns = this.#tenants.get(tenant);
    if (turns === undefined) {
      turns = new Turns(tenant);
      this.#tenants.set(tenant, turns);
    }
    return turns;
  }

  #laneOf(queued: QueuedUnit): Lane {
    const of = this.#options.laneOf(queued);
    if (this.#last !== undefined && areSame(this.#last.of, of)) return this.#last;
    const key = laneKey(of);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (this.#lanes.size >= lanesMax) this.forgetEmptyLanes();
      lane = new Lane(of, key);
      this.#lanes.set(key, lane);
    }
    this.#last = lane;
    return lane;
  }

  /** A lane in which nothing stands, and which nobody waits for, is made again when it is needed. */
  forgetEmptyLanes(): void {
    // Where nothing is ready it is nobody's turn any more.
    if (this.#length === 0) this.take(() => undefined);
    this.#last = undefined;
    for (const [key, lane] of this.#lanes) {
      const isInUse = lane.isListed || lane.isBlocked || lane.units.length > 0;
      if (!isInUse) this.#lanes.delete(key);
    }
  }
}

function byUid(a: QueuedUnit, b: QueuedUnit): number {
  return a.unit.uid < b.unit.uid ? -1 : 1;
}

function costOf({ unit }: QueuedUnit): number {
  return Math.max(1, unit.recipients.length);
}

function areSame(a: LaneOf, b: LaneOf): boolean {
  return (
    a.tenant === b.tenant &&
    a.campaign === b.campaign &&
    a.source === b.source &&
    a.isHigh === b.isHigh
  );
}

/** No part has a control character in it. */
function laneKey({ tenant, campaign, source, isHigh }: LaneOf): string {
  return `${isHigh ? "h" : "n"}\n${tenant}\n${campaign}\n${source}`;
}
