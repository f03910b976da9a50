/** Puts units into the store, to wait for a time of their own or for their destination, and back there in another place. */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { notificationDue } from "#lib/dsn/wanted";
import { Fifo } from "#lib/queue/fifo";
import { dueFrom, isScheduled } from "#lib/queue/schedule";
import { queueIdOf, type Shard, type Time, type Uid } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Deferral, DeferredUnit, Place, Store } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import { nextGeneration, type QueuedUnit } from "../shard/queued-unit.ts";
import type { Reservation, RetryWheel } from "../waiting/retry-wheel.ts";
import { BatchSize } from "./batch-size.ts";
import type { PersistentWrites } from "./persistent-writes.ts";

/** Units that are put in one go. */
const batchMax = 500;
/** Of those, in one call: fewer while the store is slow. */
const callUnits = { max: batchMax, min: 8 } as const;

/** As long as it is between two looks at the wheel. */
const spreadMs = 1_000;

export interface DeferralsPorts {
  readonly shard: Shard;
  readonly store: Pick<Store, "defer" | "content">;
  readonly stream: Stream;
  readonly wheel: Pick<RetryWheel, "reserve">;
  readonly clock: Clock;
  readonly delayNotificationMs: number;
  readonly writes: PersistentWrites;
  /** The unit now waits in the wheel, or in its destination's backlog. */
  readonly placed: (deferred: DeferredUnit) => void;
  readonly isOver: () => boolean;
}

/** The state in which a unit waits. */
export interface NextState {
  readonly recipients: DeferredUnit["unit"]["recipients"];
  readonly attempts: number;
  readonly place: Place;
  readonly isDelayNotified: boolean;
  readonly last: DeferredUnit["last"];
  /** When to look at it in a backlog, if not as its lifetime and its delay have it. */
  readonly lookAt?: Time;
}

export interface Move {
  readonly queued: QueuedUnit;
  readonly next: NextState;
}

/** A unit whose content is not found can neither be tried nor wait. */
class ContentGone extends Error {
  override readonly name = "ContentGone";

  constructor(uid: Uid) {
    super(`Cannot defer "${uid}": its content is not found`);
  }
}

export class Deferrals {
  readonly #ports: DeferralsPorts;
  readonly #callUnits = new BatchSize(callUnits);
  readonly #waiting = new Fifo<Waiting>();
  #isRunning = false;

  constructor(ports: DeferralsPorts) {
    this.#ports = ports;
  }

  /**
   * In order, and together with what others put meanwhile: thousands of destinations that go down at
   * once are few calls. Resolves when it is done, with those units whose content was not found, or
   * cannot be read now: they are as before.
   */
  put(moves: readonly Move[]): Promise<readonly QueuedUnit[]> {
    if (moves.length === 0) return Promise.resolve([]);
    const done = Promise.withResolvers<readonly QueuedUnit[]>();
    const putting: Putting = { ...done, left: moves.length, gone: [] };
    // Prepared now: should the clock be put back meanwhile, the wheel knows from when its times are.
    for (const move of moves) this.#waiting.push({ write: this.#prepare(move), putting });
    void this.#run();
    return done.promise;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      try {
        await this.#putBatch(batch.map(({ write }) => write));
        for (const { write, putting } of batch) settle(putting, write);
      } catch (error) {
        for (const { putting } of batch) putting.reject(error);
      }
    }
    this.#isRunning = false;
  }

  #next(): readonly Waiting[] {
    const batch: Waiting[] = [];
    while (batch.length < batchMax) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      batch.push(waiting);
    }
    return batch;
  }

  content({ origin, unit }: QueuedUnit): Promise<Uint8Array | undefined> {
    const { store, stream } = this.#ports;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return store.content(id);
    return origin.content === undefined ? stream.content(id) : Promise.resolve(origin.content);
  }

  /** Those without content are `isGone` when it resolves. */
  async #putBatch(batch: readonly Write[]): Promise<void> {
    for (let rest = batch; rest.length > 0; ) {
      rest = await this.#write(rest);
      const missing = rest.filter(({ isMissing }) => isMissing);
      // What was not written lacks its content, one of them at least: else it would go on for ever.
      assert(rest.length === 0 || missing.length > 0, "who breaks off says what is missing");
      for (const write of missing) {
        write.reservation.release();
        write.isGone = true;
      }
      rest = rest.filter(({ isGone }) => !isGone);
    }
    if (this.#ports.isOver()) return;
    for (const write of batch) if (!write.isGone) this.#written(write);
  }

  /** Resolves to those that are not known to be durable, since the content of some is missing. */
  #write(wanted: readonly Write[]): Promise<readonly Write[]> {
    const { writes } = this.#ports;
    let rest = wanted;
    return writes.persist("defer", async () => {
      try {
        while (rest.length > 0) rest = rest.slice(await this.#writeSome(rest));
      } catch (error) {
        if (!(error instanceof ContentGone)) throw error;
      }
      return rest;
    });
  }

  /** The first of them, in one call. Resolves to how many these are, now that they are durable. */
  async #writeSome(writes: readonly Write[]): Promise<number> {
    const { store, shard, clock } = this.#ports;
    const startedAt = clock.monotonic();
    const some = writes.slice(0, this.#callUnits.now).map(({ deferral }) => deferral);
    try {
      await store.defer(shard, some);
      this.#callUnits.succeeded(some.length, clock.monotonic() - startedAt);
      return some.length;
    } catch (error) {
      if (!(error instanceof ContentGone)) this.#callUnits.failed();
      throw error;
    }
  }

  /**
   * Undefined also when it stands apart and cannot be read now: it must not hold up those that are
   * put with it. Whether it is gone is found out by who is told that it is missing.
   */
  async #contentNow(queued: QueuedUnit): Promise<Uint8Array | undefined> {
    try {
      return await this.content(queued);
    } catch (error) {
      // Our own store's failure is that of the call.
      if (queued.origin.kind === "store") throw error;
      return undefined;
    }
  }

  #written({ deferral, reservation }: Write): void {
    const { unit, generation } = deferral.deferred;
    reservation.written({ uid: unit.uid, generation, sizeBytes: unit.sizeBytes });
    this.#ports.placed(deferral.deferred);
  }

  #prepare({ queued, next }: Move): Write {
    const { wheel, delayNotificationMs } = this.#ports;
    const { recipients, lookAt, ...state } = next;
    const unit = { ...queued.unit, recipients };
    const common = { ...state, unit, generation: nextGeneration(queued) };
    const isBacklogged = state.place.kind === "backlog";
    const reservation = wheel.reserve(
      state.place.kind === "wheel"
        ? state.place.dueAt
        : (lookAt ?? timeToLook(common, delayNotificationMs)),
    );
    const { at } = reservation;
    const content = async () => {
      const found = await this.#contentNow(queued);
      if (found !== undefined) return found;
      write.isMissing = true;
      throw new ContentGone(unit.uid);
    };
    const deferral: Deferral = isBacklogged
      ? { deferred: common, content, lookAt: at }
      : { deferred: { ...common, place: { kind: "wheel", dueAt: at } }, content };
    const write: Write = { queued, deferral, reservation, isMissing: false, isGone: false };
    return write;
  }
}

/** What was put at once. */
interface Putting extends PromiseWithResolvers<readonly QueuedUnit[]> {
  left: number;
  readonly gone: QueuedUnit[];
}

interface Waiting {
  readonly write: Write;
  readonly putting: Putting;
}

function settle(putting: Putting, { queued, isGone }: Write): void {
  if (isGone) putting.gone.push(queued);
  putting.left -= 1;
  if (putting.left === 0) putting.resolve(putting.gone);
}

interface Write {
  readonly queued: QueuedUnit;
  readonly deferral: Deferral;
  readonly reservation: Reservation;
  /** Its content was asked for, and is not there or cannot be read. */
  isMissing: boolean;
  /** It is not put for that. */
  isGone: boolean;
}

/**
 * As it is: in the wheel until its sender's time, if that has not come, or in the backlog. A whole
 * campaign has one time, but the wheel reads what is due in one millisecond at once.
 */
export function untried(queued: QueuedUnit, now: Time, random: Random): NextState {
  const { notBefore } = queued.unit;
  const next = asItIs(queued);
  if (notBefore === undefined || !isScheduled(queued.unit, now)) return next;
  return { ...next, place: { kind: "wheel", dueAt: notBefore + random.below(spreadMs) } };
}

/** As it is, in the backlog. */
export function asItIs(queued: QueuedUnit): NextState {
  const { origin, unit } = queued;
  const place = { kind: "backlog" } as const;
  if (origin.kind === "log") {
    return { recipients: unit.recipients, attempts: 0, place, isDelayNotified: false, last: {} };
  }
  const { attempts, isDelayNotified, last } = origin.deferred;
  return { recipients: unit.recipients, attempts, place, isDelayNotified, last };
}

/**
 * When something must happen to a waiting unit though nobody may try it: lifetime ends in every state
 * (STYLE §14.16), and senders learn that their mail is late.
 */
export function timeToLook(
  { unit, isDelayNotified }: Pick<DeferredUnit, "unit" | "isDelayNotified">,
  delayNotificationMs: number,
): Time {
  const { expiresAt, recipients, envelope } = unit;
  if (isDelayNotified || delayNotificationMs === 0) return expiresAt;
  const isWanted = recipients.some(
    (r) => notificationDue(envelope.reversePath, r, "delayed") !== undefined,
  );
  return isWanted ? Math.min(expiresAt, dueFrom(unit) + delayNotificationMs) : expiresAt;
}
