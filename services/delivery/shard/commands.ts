/**
 * What an operator does to a shard: try now, or give up. It is done in pages, however many units are
 * meant; the answer tells how far it came in the time that an operator waits, and the rest goes on.
 */

import type { Clock } from "#lib/clock";
import { backlogOf } from "#lib/queue/backlog-name";
import { isScheduled, released } from "#lib/queue/schedule";
import { type Destination, type QueueId, queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import type { DeferredUnit, Store, UnitFilter } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import type { Changed, Selection } from "#proto/admin";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Settlement } from "../settlement/settlement.ts";
import { fromStore, type QueuedUnit } from "./queued-unit.ts";
import type { WorkingSet } from "./working-set.ts";

const pageUnitsMax = 500;
/** The bus gives up after 5 s. */
const answerWithinMs = 3_000;

export interface ShardCommandsPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly working: WorkingSet;
  readonly settlement: Settlement;
  readonly offer: (units: readonly QueuedUnit[]) => Promise<void>;
  readonly reopen: (queue: DestinationQueue) => void;
  readonly isOver: () => boolean;
}

/** A unit as it stood in the list, and as it is now that nobody else can take it. */
interface Found {
  readonly listed: DeferredUnit;
  readonly now: DeferredUnit;
}

/** Does something to waiting units; tells of how many. */
type Act = (units: readonly DeferredUnit[]) => Promise<number>;

export class ShardCommands {
  readonly #ports: ShardCommandsPorts;

  constructor(ports: ShardCommandsPorts) {
    this.#ports = ports;
  }

  /**
   * Due now: a destination that is down is open again, and units leave the wheel before their time.
   * Those whose senders' time has not come only when they themselves, or their message, are named:
   * who has a destination tried again does not mean next week's mail.
   */
  async retry(selection: Selection): Promise<Changed> {
    const { clock } = this.#ports;
    const reopened = new Set<Destination>();
    if ("destination" in selection) this.#reopen(selection.destination, reopened);
    const units = await this.#inPages(selection, async (page) => {
      for (const { unit } of page) this.#reopen(unit.destination, reopened);
      const isMeantNow = "id" in selection;
      return await this.#tryNow(
        page.filter(({ unit }) => isMeantNow || !isScheduled(unit, clock.now())),
      );
    });
    return { units, destinations: reopened.size };
  }

  /** Without delivery, unless it is on its way already, and without a notification. */
  async cancel(selection: Selection): Promise<Changed> {
    const { working, settlement } = this.#ports;
    let inMemory = 0;
    const touched = new Set<DestinationQueue>();
    for (const queued of working.units) {
      if (!isMeant(queued.unit, selection)) continue;
      queued.isCancelled = true;
      inMemory += 1;
      const queue = working.known(queued.unit.destination);
      if (queue !== undefined) touched.add(queue);
    }
    for (const queue of touched) await settlement.cancelled(queue.drainCancelled());
    const stored = await this.#inPages(selection, (page) => this.#cancelStored(page));
    const units = inMemory + stored;
    return { units, destinations: "destination" in selection && units > 0 ? 1 : 0 };
  }

  #reopen(destination: Destination, reopened: Set<Destination>): void {
    const queue = this.#ports.working.known(destination);
    if (queue?.down === undefined) return;
    queue.goUp();
    reopened.add(destination);
    this.#ports.reopen(queue);
  }

  /** What waits in a backlog comes in its turn, now that its destination is open. */
  async #tryNow(page: readonly DeferredUnit[]): Promise<number> {
    const { working, clock, offer } = this.#ports;
    await working.room();
    const wanted = page.filter(
      ({ unit, place }) =>
        place.kind === "wheel" && working.known(unit.destination)?.isClosed !== true,
    );
    return await this.#withClaimed(wanted, async (found) => {
      const unmoved = found.filter(({ listed, now }) => now.generation === listed.generation);
      const units = unmoved.map(({ now }) => this.#taken(now, released(now.unit, clock.now())));
      await offer(units);
      return units.length;
    });
  }

  /** Wherever they wait by now. One that is in memory, or on its way there, is marked instead. */
  async #cancelStored(page: readonly DeferredUnit[]): Promise<number> {
    const { working, settlement } = this.#ports;
    const wanted = page.filter(({ unit }) => !working.cancel(unit.uid));
    return await this.#withClaimed(wanted, async (found) => {
      const units = found.map(({ now }) => this.#taken(now));
      await settlement.cancelled(units);
      return units.length;
    });
  }

  /** Nobody else takes them meanwhile; and they are read again, for they may have left since the list. */
  async #withClaimed(
    page: readonly DeferredUnit[],
    act: (found: readonly Found[]) => Promise<number>,
  ): Promise<number> {
    const { working, store } = this.#ports;
    const claimed = page.filter(({ unit }) => working.claim(unit.uid));
    try {
      const stored = await store.find(claimed.map(({ unit }) => unit.uid));
      const found = claimed.flatMap((listed) => {
        const unit = stored.get(listed.unit.uid);
        return unit?.state === "waiting" ? [{ listed, now: unit.deferred }] : [];
      });
      return await act(found);
    } finally {
      for (const { unit } of claimed) working.unclaim(unit.uid);
    }
  }

  /**
   * Into memory; its row in wheel or backlog is passed over when its turn comes. `unit`: as it is to go
   * on, while the store still has it as it was.
   */
  #taken(deferred: DeferredUnit, unit = deferred.unit): QueuedUnit {
    const { working, clock } = this.#ports;
    const queued = { ...fromStore(deferred, { rowsDone: [], since: clock.monotonic() }), unit };
    working.add(queued);
    if (deferred.place.kind === "backlog") {
      working
        .known(deferred.unit.destination)
        ?.backlogs.of(backlogOf(deferred.unit))
        .left(deferred.unit.sizeBytes);
    }
    return queued;
  }

  /** Rejects when the store is away before the answer is given. */
  async #inPages(selection: Selection, act: Act): Promise<number> {
    const { clock, log, shard } = this.#ports;
    const progress = { units: 0 };
    const timeout = new AbortController();
    const work = this.#allPages(selection, async (page) => {
      progress.units += await act(page);
      return progress.units;
    });
    work.catch((error) => log.error("operator_command_failed", { shard, error: String(error) }));
    const late = clock.sleep(answerWithinMs, timeout.signal).catch(() => {});
    try {
      await Promise.race([work, late]);
    } finally {
      timeout.abort();
    }
    return progress.units;
  }

  async #allPages(selection: Selection, act: Act): Promise<void> {
    const { store, shard, isOver } = this.#ports;
    let after: Uid | undefined;
    while (!isOver()) {
      const filter = { ...filterOf(selection), limit: pageUnitsMax };
      const page = await store.list(shard, after === undefined ? filter : { ...filter, after });
      await act(page.units.filter(({ unit }) => isMeant(unit, selection)));
      after = page.next;
      if (after === undefined) return;
    }
  }
}

function filterOf(selection: Selection): Pick<UnitFilter, "destination" | "queueId"> {
  if ("destination" in selection) return selection;
  return { queueId: messageOf(selection.id) };
}

/** The message that is meant, or whose unit is. */
export function messageOf(id: QueueId | Uid): QueueId {
  return isUid(id) ? queueIdOf(id) : id;
}

function isUid(id: QueueId | Uid): id is Uid {
  return id.includes(".");
}

export function isMeant(
  unit: { uid: Uid; destination: Destination },
  selection: Selection,
): boolean {
  if ("destination" in selection) return unit.destination === selection.destination;
  return unit.uid === selection.id || queueIdOf(unit.uid) === selection.id;
}
