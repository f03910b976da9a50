/**
 * Journal on JetStream: a subject for each incarnation, appended to only behind the last record that
 * is known. So a seal, which is the last record, refuses whatever its writer still tries (DESIGN §4).
 */

import { nuid } from "@nats-io/transport-node";
import { assert } from "#lib/assert";
import type { UnitEvent } from "#lib/queue/event";
import { parseQueueId, queueIdTime } from "#lib/queue/queue-id";
import type { Shard } from "#lib/queue/unit";
import { type Incarnation, incarnationOf, type Journal, JournalSealed } from "#lib/stream/journal";
import { encodeEvents } from "#proto/event";
import { decodeJournalRecord, encodeSeal, isSeal } from "#proto/journal-record";
import type { ClusterNames } from "#proto/subjects";
import { wrongLastCodes } from "./coordination/key-cell.ts";
import {
  expectedSubjectSequenceHeader,
  type Publisher,
  publishHeaders,
} from "./publishing/publisher.ts";
import { standingSubjects } from "./reading/gone.ts";
import type { LaneMessage, LanePorts } from "./reading/ordered-lane.ts";
import { readThrough } from "./reading/read-through.ts";
import { journalAgeMs } from "./stream-plan.ts";

export interface JetStreamJournalPorts extends LanePorts {
  readonly names: ClusterNames;
  readonly publisher: Publisher;
  /** Who seals, for people. */
  readonly name: string;
}

const noEvents = encodeEvents([]);

/** What is known of the journal that this process writes. */
interface Head {
  sequence: number;
  /** When that was known, on the monotonic clock. */
  at: number;
}

interface LastRecord {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** Before the caller is told that it is unknown; an election takes 4 to 9 s. */
const patienceMs = 15_000;
const retryMs = 200;
/** What a server takes unless it was told otherwise, and what headers take of it. */
const payloadBytes = 1024 * 1024;
const headerBytesMax = 4 * 1024;
/** Clocks of edges and servers differ. */
const skewMaxMs = 5 * 60_000;
/** A journal that was silent for so long may have been sealed, and the seal aged out. */
const silenceMaxMs = journalAgeMs - 3_600_000;

export class JetStreamJournal implements Journal {
  readonly #ports: JetStreamJournalPorts;
  readonly #heads = new Map<Incarnation, Head>();
  /** Seals that this process saw: a replay must reach them, whichever server answers. */
  readonly #seals = new Map<Incarnation, number>();
  readonly #marks: string;

  constructor(ports: JetStreamJournalPorts) {
    this.#ports = ports;
    this.#marks = ports.names.journalSubject(incarnationOf("marks", nuid.next()));
  }

  /** In several records where one would be too large: each may be appended again. */
  async append(writer: Incarnation, events: readonly UnitEvent[]): Promise<number> {
    const record = encodeEvents(events);
    if (record.length <= this.#recordBytesMax() || events.length < 2) {
      return this.#put(writer, record);
    }
    const middle = Math.ceil(events.length / 2);
    await this.append(writer, events.slice(0, middle));
    return this.append(writer, events.slice(middle));
  }

  async seal(writer: Incarnation): Promise<number> {
    const { name, clock } = this.#ports;
    const record = encodeSeal({ by: name, at: clock.now() });
    const last = await this.#last(writer);
    if (last !== undefined && isSeal(last.data)) return this.#sealed(writer, last.sequence);
    this.#know(writer, last?.sequence ?? 0);
    try {
      return this.#sealed(writer, await this.#put(writer, record));
    } catch (error) {
      // Somebody else was faster.
      const sequence = this.#seals.get(writer);
      if (error instanceof JournalSealed && sequence !== undefined) return sequence;
      throw error;
    }
  }

  async *replay(writer: Incarnation, shard: Shard, after: number): AsyncGenerator<UnitEvent> {
    const { names } = this.#ports;
    const subject = names.journalSubject(writer);
    const seal = this.#seals.get(writer);
    const through = seal ?? (await this.#mark(writer));
    if (through <= after) return;
    const filter = seal === undefined ? [subject, this.#marks] : subject;
    let isAny = false;
    const part = { stream: names.journalStream, filter, after, through };
    for await (const record of readThrough(this.#ports, part)) {
      if (record.message.subject !== subject) continue;
      isAny = true;
      for (const event of this.#eventsOf(record)) if (event.shard === shard) yield event;
    }
    if (!isAny) await this.#mustHaveNone(writer, { after, through });
  }

  async trace(uidPrefix: string, limit: number): Promise<readonly UnitEvent[]> {
    const { names, manager, clock } = this.#ports;
    const id = parseQueueId(uidPrefix.slice(0, 26));
    const acceptedAt = id === undefined ? 0 : queueIdTime(id);
    const since = new Date(Math.max(0, Math.min(acceptedAt, clock.now()) - skewMaxMs));
    const { state } = await manager.streams.info(names.journalStream);
    const isOver = state.messages === 0 || Date.parse(state.last_ts) < since.getTime();
    if (isOver) return [];
    const part = { filter: names.journalFilter, after: since, through: state.last_seq };
    const found: UnitEvent[] = [];
    const text = Buffer.from(uidPrefix);
    for await (const message of readThrough(this.#ports, {
      stream: names.journalStream,
      ...part,
    })) {
      // Uids stand in a record as plain text: most records need not be decoded.
      if (!asBuffer(message.message.data).includes(text)) continue;
      for (const event of this.#eventsOf(message)) {
        if (event.uid.startsWith(uidPrefix)) found.push(event);
      }
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  #recordBytesMax(): number {
    return (this.#ports.link.connection.info?.max_payload ?? payloadBytes) - headerBytesMax;
  }

  /** Behind the last record that is known, until it is known what became of it. */
  async #put(writer: Incarnation, record: Uint8Array): Promise<number> {
    const { names, publisher, clock } = this.#ports;
    const subject = names.journalSubject(writer);
    const deadline = clock.monotonic() + patienceMs;
    let reason = "";
    do {
      const head = this.#headOf(writer);
      const expected = { [expectedSubjectSequenceHeader]: String(head.sequence) };
      const headers = publishHeaders(expected);
      const answer = await publisher.publish({ subject, data: record, headers });
      if (answer.kind === "stored") return this.#know(writer, answer.sequence);
      reason = answer.reason;
      if (answer.kind === "refused" && wrongLastCodes.has(answer.code)) {
        const mine = await this.#resolve(writer, record);
        if (mine !== undefined) return mine;
        continue;
      }
      // Not answered: the next try finds it out, since it would stand where that wants to stand.
      await clock.sleep(retryMs);
    } while (clock.monotonic() < deadline);
    throw new Error(`Cannot append to journal "${writer}": ${reason}`);
  }

  /** Another record stands there: mine, whose answer was lost; a seal; or neither, then again. */
  async #resolve(writer: Incarnation, record: Uint8Array): Promise<number | undefined> {
    const last = await this.#last(writer);
    if (last !== undefined && isSeal(last.data)) {
      this.#sealed(writer, last.sequence);
      throw new JournalSealed(`Cannot append to journal "${writer}": it is sealed`);
    }
    const { sequence } = this.#headOf(writer);
    const isNewer = last !== undefined && last.sequence > sequence;
    if (isNewer && asBuffer(last.data).equals(record)) return this.#know(writer, last.sequence);
    this.#know(writer, last?.sequence ?? 0);
    return undefined;
  }

  #headOf(writer: Incarnation): Head {
    const now = this.#ports.clock.monotonic();
    const head = this.#heads.get(writer) ?? { sequence: 0, at: now };
    if (now - head.at > silenceMaxMs) {
      throw new JournalSealed(`Cannot append to journal "${writer}": its records are too old`);
    }
    return head;
  }

  #know(writer: Incarnation, sequence: number): number {
    this.#heads.set(writer, { sequence, at: this.#ports.clock.monotonic() });
    return sequence;
  }

  #sealed(writer: Incarnation, sequence: number): number {
    assert(sequence > 0, "a seal is a record");
    this.#seals.set(writer, sequence);
    this.#heads.delete(writer);
    return sequence;
  }

  /** From the stream's leader: a replica may not have it yet. */
  async #last(writer: Incarnation): Promise<LastRecord | undefined> {
    const { manager, names } = this.#ports;
    const query = { last_by_subj: names.journalSubject(writer) };
    const stored = await manager.streams.getMessage(names.journalStream, query);
    return stored === null ? undefined : { sequence: stored.seq, data: stored.data };
  }

  /**
   * A record of no events, behind all that stands. Whoever gives it to us has what was stored before;
   * a leader that was cut off, and does not know yet that it is none, cannot store it, and would tell
   * of its own time only: what a replay leaves out is delivered again (ADR 0009).
   */
  async #mark(writer: Incarnation): Promise<number> {
    const { publisher, clock } = this.#ports;
    const deadline = clock.monotonic() + patienceMs;
    for (;;) {
      const answer = await publisher.publish({ subject: this.#marks, data: noEvents });
      if (answer.kind === "stored") return answer.sequence;
      if (clock.monotonic() >= deadline) {
        throw new Error(`Cannot replay journal "${writer}" to its end: ${answer.reason}`);
      }
      await clock.sleep(retryMs);
    }
  }

  /** That nothing came of it proves nothing: a server says the same of what it failed to read. */
  async #mustHaveNone(
    writer: Incarnation,
    { after, through }: { readonly after: number; readonly through: number },
  ): Promise<void> {
    const { manager, names } = this.#ports;
    const last = await this.#last(writer);
    if (last !== undefined && (last.sequence <= after || last.sequence > through)) return;
    const subject = names.journalSubject(writer);
    const info = await manager.streams.info(names.journalStream, { subjects_filter: subject });
    if (last === undefined && standingSubjects(info)?.has(subject) === false) return;
    throw new Error(`Cannot replay journal "${writer}": it is neither there nor gone`);
  }

  /** A record that nobody can read settles nothing: its units are tried again. */
  #eventsOf({ sequence, message }: LaneMessage): readonly UnitEvent[] {
    try {
      const record = decodeJournalRecord(message.data);
      return record.kind === "events" ? record.events : [];
    } catch (error) {
      this.#ports.log.error("journal_record_unreadable", { sequence, error: String(error) });
      return [];
    }
  }
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
