/**
 * Bounces in Cassandra (ADR 0019). The row of the message is the record: who finds it there already
 * keeps its time, so that a repeat writes the same rows of the other tables again.
 */
import type { Bounce } from "#lib/bounces/bounce";
import { type BounceCount, type BounceCountQuery, dayOf } from "#lib/bounces/bounce-count";
import { type BouncePage, type BounceQuery, recipientKey } from "#lib/bounces/bounce-query";
import { bounceRecord, readBounceRecord } from "#lib/bounces/bounce-record";
import type { UnknownBounces, UnknownQuery } from "#lib/bounces/unknown-bounces";
import { queueIdOf } from "#lib/queue/unit";
import type { CallTime, PartitionWrite, Requests, Statement } from "../driver/requests.ts";
import { Partitions } from "../partitions.ts";
import { dayTables, everywhere, insertCql, ownerOf, slotOf } from "./bounce-keys.ts";
import { BouncePages } from "./bounce-pages.ts";
import { BounceSummaries } from "./bounce-summaries.ts";
import { KeySet } from "./key-set.ts";

const daySeconds = 86_400;
/** Records that were begun, and whose write may or may not have happened. */
const begunMax = 100_000;

export interface BounceTablesPorts {
  readonly requests: Requests;
  readonly keptMs: number;
}

export class BounceTables {
  readonly #ports: BounceTablesPorts;
  readonly #pages: BouncePages;
  readonly #summaries: BounceSummaries;
  /** Days that are in the table; this process has written them. */
  readonly #days = new Set<number>();
  /** Begun here and not counted yet: one of them that is found was written by us. */
  readonly #begun = new KeySet(begunMax);

  /** In seconds. */
  readonly #ttl: number;

  constructor(ports: BounceTablesPorts) {
    this.#ports = ports;
    this.#ttl = Math.ceil(ports.keptMs / 1_000);
    this.#pages = new BouncePages(ports.requests);
    this.#summaries = new BounceSummaries(ports);
  }

  /**
   * Record, other rows, counts. What dies between the first and the last leaves a bounce that is found
   * and not counted; a repeat counts nothing twice.
   */
  async record(bounces: readonly Bounce[]): Promise<void> {
    const { requests } = this.#ports;
    const time = requests.callTime();
    const kept = await Promise.all(bounces.map((bounce) => this.#asRecorded(time, bounce)));
    const fresh = kept.filter(({ isFresh }) => isFresh).map(({ bounce }) => bounce);
    for (const bounce of fresh) this.#begun.add(keyOf(bounce));
    const all = kept.map(({ bounce }) => bounce);
    for (const day of new Set(all.map(({ at }) => dayOf(at)))) await this.#putDay(time, day);
    const records = new Partitions();
    for (const bounce of fresh) records.add(queueIdOf(bounce.uid), this.#recordOf(bounce));
    await requests.write(time, records.writes());
    for (const bounce of all) {
      if (!this.#begun.delete(keyOf(bounce))) continue;
      this.#summaries.add(bounce);
    }
    await requests.write(
      time,
      all.flatMap((bounce) => this.#rowsOf(bounce)),
    );
    await this.#summaries.flush();
  }

  page(query: BounceQuery): Promise<BouncePage> {
    return this.#pages.read(query);
  }

  counts(query: BounceCountQuery): Promise<readonly BounceCount[]> {
    return this.#summaries.counts(query);
  }

  unknown(query: UnknownQuery): Promise<readonly UnknownBounces[]> {
    return this.#summaries.unknown(query);
  }

  async #asRecorded(time: CallTime, bounce: Bounce) {
    const params = [queueIdOf(bounce.uid), bounce.uid, bounce.recipient.path, bounce.kind];
    const [row] = await this.#ports.requests.read(time, { query: recordedCql, params });
    if (row === undefined) return { bounce, isFresh: true };
    return { bounce: readBounceRecord(row.record), isFresh: false };
  }

  #recordOf(bounce: Bounce): Statement {
    const { uid, recipient, kind, at } = bounce;
    const key = [queueIdOf(uid), uid, recipient.path, kind];
    return { query: recordCql, params: [...key, at, bounceRecord(bounce), this.#ttl] };
  }

  #rowsOf(bounce: Bounce): readonly PartitionWrite[] {
    const { uid, at, recipient } = bounce;
    const row = [at, uid, recipient.path, bounceRecord(bounce), this.#ttl];
    const ofRecipient = [recipientKey(recipient.path), ...row];
    const inDays = dayTables.flatMap((table): Statement[] => {
      const owner = ownerOf(table, bounce);
      if (owner === undefined) return [];
      const params = [...owner, dayOf(at), slotOf(uid), ...row];
      return [{ query: insertCql(table), params }];
    });
    const statements = [{ query: byRecipientCql, params: ofRecipient }, ...inDays];
    return statements.map((it) => ({ statements: [it] }));
  }

  /** First of all: without it nobody would find them. */
  async #putDay(time: CallTime, day: number): Promise<void> {
    if (this.#days.has(day)) return;
    const params = [everywhere, day, this.#ttl + 2 * daySeconds];
    await this.#ports.requests.write(time, [{ statements: [{ query: putDayCql, params }] }]);
    this.#days.clear();
    this.#days.add(day);
  }
}

function keyOf({ uid, recipient, kind }: Bounce): string {
  return `${uid} ${kind} ${recipient.path}`;
}

const putDayCql = "INSERT INTO bounce_day (everywhere, day) VALUES (?, ?) USING TTL ?";
const recordedCql =
  "SELECT record FROM bounce_of_message WHERE message = ? AND uid = ? AND path = ? AND kind = ?";
const recordCql =
  "INSERT INTO bounce_of_message (message, uid, path, kind, at, record) " +
  "VALUES (?, ?, ?, ?, ?, ?) USING TTL ?";
const byRecipientCql =
  "INSERT INTO bounce_by_recipient (recipient, at, uid, path, record) " +
  "VALUES (?, ?, ?, ?, ?) USING TTL ?";
