/** Poison: what cannot be read or tried is kept for the operator, and its shard goes on (STYLE §14.13). */
import type { Clock } from "#lib/clock";
import type { UnitEvent } from "#lib/queue/event";
import { unknownDestination } from "#lib/queue/shard";
import { queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import type { LogEntry, Stream } from "#lib/stream/stream";
import type { Log } from "#lib/telemetry/log";
import { encodeUnit } from "#proto/unit";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Settlement } from "../settlement/settlement.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { ShardProgress } from "./progress.ts";
import type { QueuedUnit } from "./queued-unit.ts";

export interface ParkingPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly stream: Stream;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly writer: JournalWriter;
  readonly progress: ShardProgress;
  readonly storeRetryMs: number;
  /** No longer the owner: whoever is now finds it as it was. */
  readonly isOver: () => boolean;
}

/** Parks a unit whose content was not found, if that is gone; if not, goes on with `again` later. */
export type ContentMissing = (queued: QueuedUnit, again: () => void) => void;

type Kept = Pick<LogEntry, "sequence" | "uid" | "record">;

export class Parking {
  readonly #ports: ParkingPorts;

  constructor(ports: ParkingPorts) {
    this.#ports = ports;
  }

  /** An entry of the log that nobody can read. */
  async entry(entry: LogEntry, reason: string): Promise<void> {
    const { writer, progress } = this.#ports;
    const { sequence } = entry;
    if (!(await this.#keep(entry, reason))) return;
    writer.record(this.#event(entry), (position) => progress.settled(sequence, position));
  }

  /** A unit of the store that nobody can read. */
  async stored(uid: Uid, record: Uint8Array, reason: string): Promise<void> {
    const { store, shard, writer } = this.#ports;
    const kept = { sequence: 0, uid, record };
    if (!(await this.#keep(kept, reason))) return;
    await store.finish(shard, [uid]);
    writer.record(this.#event(kept), () => {});
  }

  /** Nobody waits for it: to know that content is gone takes longer than an election. */
  contentMissing(settlement: () => Settlement): ContentMissing {
    return (queued, again) => void this.#contentMissing(queued, { settlement, again });
  }

  /** Never rejects: what fails unforeseen is begun again, like content that may yet be found. */
  async #contentMissing(
    queued: QueuedUnit,
    { settlement, again }: { settlement: () => Settlement; again: () => void },
  ): Promise<void> {
    const { clock, log, shard, storeRetryMs, isOver } = this.#ports;
    try {
      if (await this.#isGone(queued)) return await this.#contentGone(queued, settlement());
    } catch (error) {
      log.error("parking_failed", { uid: queued.unit.uid, shard, error });
    }
    await clock.sleep(storeRetryMs);
    if (!isOver()) again();
  }

  async #isGone({ unit, origin }: QueuedUnit): Promise<boolean> {
    const { stream, log, shard } = this.#ports;
    const { uid } = unit;
    if (origin.kind === "store") return true;
    try {
      return (await stream.contentForSure(queueIdOf(uid))) === undefined;
    } catch (error) {
      log.error("content_unaccounted", { uid, shard, error: String(error) });
      return false;
    }
  }

  async #contentGone(queued: QueuedUnit, settlement: Settlement): Promise<void> {
    const { origin, unit } = queued;
    const sequence = origin.kind === "log" ? origin.sequence : 0;
    const kept = { sequence, uid: unit.uid, record: encodeUnit(unit) };
    if (!(await this.#keep(kept, "content is missing"))) return;
    await settlement.parked(queued);
  }

  /** Resolves when that is durable; with false when the shard was lost before. */
  async #keep({ sequence, uid, record }: Kept, reason: string): Promise<boolean> {
    const { shard, store, stream, clock, log, metrics, storeRetryMs, isOver } = this.#ports;
    const at = clock.now();
    for (;;) {
      if (isOver()) return false;
      try {
        await store.park({ shard, sequence, uid, at, reason, record });
        break;
      } catch (error) {
        log.error("park_waits", { uid, error: String(error) });
        await clock.sleep(storeRetryMs);
      }
    }
    if (sequence > 0) stream.keepContent(shard, sequence);
    metrics.parked();
    log.error("unit_parked", { uid, shard, sequence, reason });
    return !isOver();
  }

  /** What the journal tells of it: nobody knows whose it was. */
  #event({ sequence, uid }: Kept): UnitEvent {
    return {
      at: this.#ports.clock.now(),
      shard: this.#ports.shard,
      sequence,
      uid,
      destination: unknownDestination,
      disposition: "parked",
      recipients: [],
      attempt: 0,
    };
  }
}
