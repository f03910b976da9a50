/**
 * Seam: queue state that outlives the log: deferred units, content, retry wheel, backlog, holds,
 * measures, bounces, suppressions.
 */
import type { Measure } from "#lib/automation/measure";
import type { Epoch } from "#lib/leases/leases";
import type { BacklogName } from "#lib/queue/backlog-name";
import type { Destination, QueueId, Shard, Time, Uid, Unit } from "#lib/queue/unit";
import type { Status } from "#lib/smtp/status";
import type { BounceStore } from "./bounce-store.ts";
import type { SuppressionList } from "./suppression-list.ts";

/** A unit between two attempts. Immutable: each attempt writes the next generation. */
export interface DeferredUnit {
  /** With the recipients that are still to be tried. */
  readonly unit: Unit;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Rises with every write; a wheel or backlog row of an older generation is skipped. */
  readonly generation: number;
  readonly place: Place;
  readonly isDelayNotified: boolean;
  /** The last outcome of each waiting recipient, by path. */
  readonly last: Readonly<Record<string, LastOutcome>>;
}

/** `wheel`: due at a time of its own. `backlog`: waits for its destination. */
export type Place = { readonly kind: "wheel"; readonly dueAt: Time } | { readonly kind: "backlog" };

export interface LastOutcome {
  readonly status: Status;
  readonly code?: number;
  readonly text: string;
  readonly remote?: string;
  readonly at: Time;
}

export interface Deferral {
  readonly deferred: DeferredUnit;
  /**
   * A unit in a backlog stands in the wheel too, for this time: its lifetime ends, or its sender is
   * to be told, though nobody may try it.
   */
  readonly lookAt?: Time;
  /** Called unless the store knows that it has the content of this message; then it may be written again. */
  readonly content: () => Promise<Uint8Array>;
}

export type StoredUnit =
  | { readonly state: "waiting"; readonly deferred: DeferredUnit }
  | { readonly state: "finished" }
  /** Damaged, or of a version that we do not know: the owner parks it. */
  | { readonly state: "unreadable"; readonly record: Uint8Array; readonly reason: string };

/** A row of the wheel or of a backlog: only a hint; the unit row decides. */
export interface WaitingRow {
  /** Order within the wheel or the backlog, opaque, rising. */
  readonly position: string;
  readonly uid: Uid;
  readonly generation: number;
  /** Due time, or time to look, in the wheel; time of entry in a backlog. */
  readonly at: Time;
  readonly sizeBytes: number;
}

export interface BacklogSummary {
  readonly backlog: BacklogName;
  readonly depth: number;
  readonly bytes: number;
  readonly oldestAt: Time;
}

/** What an operator holds back. Binds every worker, present and future. */
export interface Hold {
  readonly destination: Destination;
  readonly reason: string;
  readonly since: Time;
}

/** An entry of a log that could not be understood. */
export interface Parked {
  readonly shard: Shard;
  readonly sequence: number;
  readonly uid: string;
  readonly at: Time;
  readonly reason: string;
  readonly record: Uint8Array;
}

/** Criteria of `godwit queue list`. */
export interface UnitFilter {
  readonly destination?: Destination;
  readonly queueId?: QueueId;
  /** Continue behind this uid. */
  readonly after?: Uid;
  readonly limit: number;
  /**
   * A store that must look through others' units gives up after this, and says how far it came.
   * Absent: it takes as long as it takes.
   */
  readonly withinMs?: number;
}

/** Waiting units, by uid. */
export interface UnitPage {
  readonly units: readonly DeferredUnit[];
  /** More may wait behind it: all up to it were looked at. Absent: there are no more. */
  readonly next?: Uid;
}

/**
 * A call that writes in several steps begins none of them later than this: after a pause of the
 * process the shard may have another owner, and no store knows. An owner that is sure for this long
 * (ADR 0006) writes nothing behind its successor's back.
 */
export const storeCallMsMax = 5_000;

/**
 * One writer (the shard's owner) at a time. Every method may fail with `StoreUnavailable`;
 * then it is unknown whether the write happened, and it may be repeated.
 */
export interface Store extends BounceStore {
  /**
   * From now on this process writes for the shard, and nobody else does: what it remembered of the
   * shard is forgotten. Comes before every call that names the shard, after each claim.
   */
  open(shard: Shard, epoch: Epoch): Promise<void>;
  /**
   * Content, then wheel or backlog rows, the unit rows last: they are the commit. In order within a
   * backlog.
   */
  defer(shard: Shard, deferrals: readonly Deferral[]): Promise<void>;
  /** State of these units; one that was never deferred is absent. */
  find(uids: readonly Uid[]): Promise<ReadonlyMap<Uid, StoredUnit>>;
  content(id: QueueId): Promise<Uint8Array | undefined>;
  /** The final state, kept a while for suspects; the content may go. Idempotent. */
  finish(shard: Shard, uids: readonly Uid[]): Promise<void>;

  /**
   * The next rows of the wheel behind `after` (from the cursor when absent), by due time, up to
   * `until`.
   */
  wheel(
    shard: Shard,
    q: { until: Time; after?: string; limit: number },
  ): Promise<readonly WaitingRow[]>;
  /** Rows due before `before` are not read again. */
  advanceWheel(shard: Shard, before: Time): Promise<void>;
  /** The next rows of a backlog behind `after` (from its cursor when absent). */
  backlog(
    shard: Shard,
    backlog: BacklogName,
    q: { after?: string; limit: number },
  ): Promise<readonly WaitingRow[]>;
  /** Rows up to and including `position` are not read again. */
  advanceBacklog(shard: Shard, backlog: BacklogName, position: string): Promise<void>;
  /** Those in which something waits. */
  backlogs(shard: Shard): Promise<readonly BacklogSummary[]>;

  putHold(hold: Hold): Promise<void>;
  dropHold(destination: Destination): Promise<void>;
  holds(): Promise<readonly Hold[]>;
  /** In the place of the one of its id. */
  putMeasure(measure: Measure): Promise<void>;
  dropMeasure(id: string): Promise<void>;
  /** By id. Those whose time is over may still be among them. */
  measures(): Promise<readonly Measure[]>;
  park(parked: Parked): Promise<void>;
  parked(limit: number): Promise<readonly Parked[]>;
  list(shard: Shard, filter: UnitFilter): Promise<UnitPage>;
  readonly suppressions: SuppressionList;
}

/** Of a store that finds what is asked for without looking at anything else. */
export function pageOf(units: readonly DeferredUnit[], { limit }: UnitFilter): UnitPage {
  const last = units.at(-1);
  return units.length < limit || last === undefined ? { units } : { units, next: last.unit.uid };
}

export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}
