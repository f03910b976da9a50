/**
 * Reads a shard's log: one lane for `h`, which overtakes, and one for `n`. A lane that stalls does
 * not stall the other; how far none is missing follows from the sequences alone (ADR 0009).
 */
import type { StreamInfo } from "@nats-io/jetstream";
import { assert } from "#lib/assert";
import type { HasDeadline } from "#lib/deadlines";
import type { Lane, Shard } from "#lib/queue/unit";
import type { LogEntry, LogReader, Pulled, PullLimit } from "#lib/stream/stream";
import { rejectOnAbort, Waiters } from "#lib/stream/waiters";
import type { BodyReference } from "#proto/frame";
import type { ClusterNames } from "#proto/subjects";
import { goneThrough } from "./gone.ts";
import { HandedOut } from "./handed-out.ts";
import { readEntry } from "./log-entry.ts";
import { type LaneMessage, type LanePorts, OrderedLane } from "./ordered-lane.ts";

export interface ReaderPorts extends LanePorts {
  readonly names: ClusterNames;
  readonly shard: Shard;
  readonly after: number;
  /** An entry was handed out whose content stands apart. */
  readonly onBody: (entry: LogEntry, body: BodyReference) => void;
  readonly onClose: (reader: JetStreamReader) => void;
}

/** A sequence that is missing for so long is looked up. Before, its lane is on its way with it. */
const missingMaxMs = 5_000;
/** Of a pull: so that high priority cannot keep the others waiting for ever. */
const highShareMax = 0.75;

export class JetStreamReader implements LogReader, HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly #ports: ReaderPorts;
  readonly #lanes: Readonly<Record<Lane, OrderedLane>>;
  readonly #arrived = new Waiters();
  readonly #handedOut: HandedOut;
  #isPulling = false;
  #isClosed = false;
  #holes = 0;

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
    this.#handedOut = new HandedOut(ports.after);
    this.#lanes = { h: this.#lane("h"), n: this.#lane("n") };
    ports.deadlines.watch(this);
  }

  get restarts(): number {
    return this.#lanes.h.restarts + this.#lanes.n.restarts;
  }

  /** Sequences that were not there. */
  get holes(): number {
    return this.#holes;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<Pulled> {
    assert(!this.#isPulling, "a reader has one pull at a time");
    assert(!this.#isClosed, "a closed reader is not read");
    this.#isPulling = true;
    try {
      for (;;) {
        signal.throwIfAborted();
        const entries = this.#take(limit);
        if (entries.length > 0) return { entries, through: this.#handedOut.through };
        await rejectOnAbort(this.#arrived.wait(), signal);
      }
    } finally {
      this.#isPulling = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#ports.deadlines.forget(this);
    this.#lanes.h.close();
    this.#lanes.n.close();
    this.#ports.onClose(this);
  }

  expired(): void {
    void this.#lookUp();
  }

  #lane(lane: Lane): OrderedLane {
    const { names, shard, after } = this.#ports;
    const filter = names.laneFilter(shard, lane);
    const stream = names.shardStream(shard);
    return new OrderedLane(this.#ports, { stream, filter, after, arrived: this.#arrived });
  }

  #take({ countMax, bytesMax }: PullLimit): LogEntry[] {
    const { h, n } = this.#lanes;
    const entries: LogEntry[] = [];
    let bytes = 0;
    const take = (lane: OrderedLane, upTo: number) => {
      for (let next = lane.peek(); next !== undefined; next = lane.peek()) {
        const isFull = entries.length >= upTo || bytes + next.bytes > bytesMax;
        if (entries.length > 0 && isFull) return;
        bytes += next.bytes;
        lane.shift();
        // A lane that went back gives some again.
        if (this.#handedOut.add(next.sequence)) entries.push(this.#read(next));
      }
    };
    take(h, n.count > 0 ? Math.ceil(countMax * highShareMax) : countMax);
    take(n, countMax);
    this.#watchMissing();
    return entries;
  }

  #read(message: LaneMessage): LogEntry {
    const { entry, body } = readEntry(this.#ports.shard, message);
    if (body !== undefined) this.#ports.onBody(entry, body);
    return entry;
  }

  /** Each lane gives what it has in order, so it is missing only while the other lane is behind. */
  #watchMissing(): void {
    if (this.#handedOut.missing === undefined) this.deadline = Number.POSITIVE_INFINITY;
    else if (this.deadline === Number.POSITIVE_INFINITY) {
      this.deadline = this.#ports.clock.monotonic() + missingMaxMs;
    }
  }

  /** A message that is gone must not hold the floor for ever; one that is there must come. */
  async #lookUp(): Promise<void> {
    const { shard, names, manager, log } = this.#ports;
    const stream = names.shardStream(shard);
    try {
      for (;;) {
        const missing = this.#handedOut.missing;
        if (missing === undefined || this.#isClosed) break;
        const found = await manager.streams.getMessage(stream, { seq: missing });
        if (found !== null) {
          this.#overdue(missing, found.subject);
          break;
        }
        const info = await manager.streams.info(stream, { deleted_details: true });
        if (this.#skipGone(info)) continue;
        // Neither there nor gone: it is asked for again, and the floor stays below it.
        const { last_seq: end } = info.state;
        log.error("log_entry_unaccounted", { shard, sequence: missing, end });
        break;
      }
    } catch (error) {
      log.warn("log_hole_unknown", { shard, error: String(error) });
    }
    this.#watchMissing();
  }

  /** False when the first that is missing is not known to be gone. */
  #skipGone(info: StreamInfo): boolean {
    const { shard, log } = this.#ports;
    let isAny = false;
    for (;;) {
      const missing = this.#handedOut.missing;
      const through = missing === undefined ? undefined : goneThrough(info, missing);
      if (through === undefined) return isAny;
      isAny = true;
      this.#holes += 1;
      log.error("log_hole_skipped", { shard, from: missing, through });
      this.#handedOut.skip(through);
    }
  }

  /** Its lane may be behind, with a backlog; one that has passed it must go back. */
  #overdue(missing: number, subject: string): void {
    const { shard, names, log } = this.#ports;
    const isHigh = subject.startsWith(names.laneFilter(shard, "h").slice(0, -1));
    const lane = this.#lanes[isHigh ? "h" : "n"];
    if (lane.count > 0 || lane.sequence < missing) return;
    log.error("log_entry_overdue", { shard, sequence: missing, lane: isHigh ? "h" : "n" });
    lane.goBack(missing - 1);
  }
}
