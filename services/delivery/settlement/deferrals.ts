/** Puts units into the store, to wait for a time of their own or for their destination, and back there in another place. */
import { notificationDue } from "#lib/dsn/wanted";
import { queueIdOf, type Shard, type Time, type Uid } from "#lib/queue/unit";
import type { Deferral, DeferredUnit, Place, Store } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import { nextGeneration, type QueuedUnit } from "../shard/queued-unit.ts";
import type { RetryWheel } from "../waiting/retry-wheel.ts";
import type { PersistentWrites } from "./persistent-writes.ts";

/** Rows that go to the store in one call. */
const batchMax = 500;

export interface DeferralsPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly stream: Stream;
  readonly wheel: RetryWheel;
  readonly delayNotificationMs: number;
  readonly writes: PersistentWrites;
  /** The unit now waits in the wheel, or in its destination's backlog. */
  readonly placed: (queued: QueuedUnit, where: Place["kind"]) => void;
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

/** A unit that has no content can neither be tried nor wait. */
class ContentGone extends Error {
  override readonly name = "ContentGone";
  readonly uid: Uid;

  constructor(uid: Uid) {
    super(`Cannot defer "${uid}": its content is gone`);
    this.uid = uid;
  }
}

export class Deferrals {
  readonly #ports: DeferralsPorts;

  constructor(ports: DeferralsPorts) {
    this.#ports = ports;
  }

  /** In order. Resolves when it is done, with those units whose content is gone: they are as before. */
  async put(moves: readonly Move[]): Promise<readonly QueuedUnit[]> {
    const gone: QueuedUnit[] = [];
    for (let at = 0; at < moves.length; at += batchMax) {
      gone.push(...(await this.#putBatch(moves.slice(at, at + batchMax))));
    }
    return gone;
  }

  content({ origin, unit }: QueuedUnit): Promise<Uint8Array | undefined> {
    const { store, stream } = this.#ports;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return store.content(id);
    return origin.content === undefined ? stream.content(id) : Promise.resolve(origin.content);
  }

  async #putBatch(batch: readonly Move[]): Promise<readonly QueuedUnit[]> {
    const { store, shard, writes, isOver } = this.#ports;
    const gone: QueuedUnit[] = [];
    let moves = batch;
    for (;;) {
      const deferrals = moves.map((move) => this.#deferral(move));
      const missing = await writes.persist("defer", async () => {
        try {
          await store.defer(shard, deferrals);
          return undefined;
        } catch (error) {
          if (error instanceof ContentGone) return error.uid;
          throw error;
        }
      });
      if (missing === undefined) {
        if (isOver()) return gone;
        for (const [index, { queued }] of moves.entries()) this.#placed(queued, deferrals[index]);
        return gone;
      }
      gone.push(...moves.map(({ queued }) => queued).filter(({ unit }) => unit.uid === missing));
      moves = moves.filter(({ queued }) => queued.unit.uid !== missing);
    }
  }

  #placed(queued: QueuedUnit, deferral: Deferral | undefined): void {
    if (deferral === undefined) return;
    const { deferred, lookAt } = deferral;
    const { place, unit, generation } = deferred;
    const { uid, sizeBytes } = unit;
    const at = place.kind === "wheel" ? place.dueAt : lookAt;
    if (at !== undefined) this.#ports.wheel.added({ position: "", uid, generation, at, sizeBytes });
    this.#ports.placed(queued, place.kind);
  }

  #deferral({ queued, next }: Move): Deferral {
    const { wheel, delayNotificationMs } = this.#ports;
    const { recipients, lookAt, ...state } = next;
    const unit = { ...queued.unit, recipients };
    const deferred = { unit, generation: nextGeneration(queued), ...state };
    const isBacklogged = state.place.kind === "backlog";
    const at = wheel.writable(lookAt ?? timeToLook(deferred, delayNotificationMs));
    return {
      deferred,
      ...(isBacklogged ? { lookAt: at } : {}),
      content: async () => {
        const content = await this.content(queued);
        if (content === undefined) throw new ContentGone(unit.uid);
        return content;
      },
    };
  }
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
  const { expiresAt, acceptedAt, recipients, envelope } = unit;
  if (isDelayNotified || delayNotificationMs === 0) return expiresAt;
  const isWanted = recipients.some(
    (r) => notificationDue(envelope.reversePath, r, "delayed") !== undefined,
  );
  return isWanted ? Math.min(expiresAt, acceptedAt + delayNotificationMs) : expiresAt;
}
