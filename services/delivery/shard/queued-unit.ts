/** A unit in memory: read from its log or from the store, waiting, in flight or being settled. */
import type { Unit } from "#lib/queue/unit";
import type { DeferredUnit } from "#lib/store/store";

export interface QueuedUnit {
  readonly unit: Unit;
  readonly origin: Origin;
  /** When it came into memory, on the monotonic clock. */
  readonly since: number;
  /** What it weighs against the shard's limit. */
  readonly bytes: number;
  /** A session has taken it. */
  isInFlight: boolean;
  /** An operator cancelled it while it waited or was in flight. */
  isCancelled: boolean;
}

export type Origin = LogOrigin | StoreOrigin;

export interface LogOrigin {
  readonly kind: "log";
  readonly sequence: number;
  readonly content?: Uint8Array;
  /**
   * The last owner did not say that it was done with it: what it wrote of it may come to light later,
   * on a replica that nobody asked before. So the store must hear how it ends.
   */
  readonly isSuspect: boolean;
}

export interface StoreOrigin {
  readonly kind: "store";
  readonly deferred: DeferredUnit;
  /** To be called when it is settled: the cursors of wheel and backlog may pass its rows. */
  readonly rowsDone: (() => void)[];
}

/** What a unit weighs beside its content: envelope, recipients, bookkeeping. */
export const unitBytes = 2_048;

export function fromLog(
  unit: Unit,
  from: {
    sequence: number;
    content: Uint8Array | undefined;
    since: number;
    isSuspect?: boolean;
  },
): QueuedUnit {
  const { sequence, content, since, isSuspect = false } = from;
  return {
    unit,
    since,
    bytes: unitBytes + (content?.length ?? 0),
    origin: { kind: "log", sequence, isSuspect, ...(content === undefined ? {} : { content }) },
    isInFlight: false,
    isCancelled: false,
  };
}

export function fromStore(
  deferred: DeferredUnit,
  from: { rowsDone: (() => void)[]; since: number },
): QueuedUnit {
  const { rowsDone, since } = from;
  const origin = { kind: "store" as const, deferred, rowsDone };
  return {
    unit: deferred.unit,
    since,
    bytes: unitBytes,
    origin,
    isInFlight: false,
    isCancelled: false,
  };
}

/** Attempts made before this one. */
export function attemptsOf(queued: QueuedUnit): number {
  return queued.origin.kind === "store" ? queued.origin.deferred.attempts : 0;
}

/** The generation that the next write of this unit has. */
export function nextGeneration(queued: QueuedUnit): number {
  return queued.origin.kind === "store" ? queued.origin.deferred.generation + 1 : 1;
}

/** The store has rows of it, or may come to have some. */
export function mayBeStored({ origin }: QueuedUnit): boolean {
  return origin.kind === "store" || origin.isSuspect;
}
