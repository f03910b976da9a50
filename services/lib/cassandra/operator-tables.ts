/** What operators keep and look up: holds, what rules have set, and parked entries. */
import type { Measure } from "#lib/automation/measure";
import { decodeMeasure, encodeMeasure } from "#lib/automation/measure-record";
import type { Clock } from "#lib/clock";
import { allShards } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Hold, Parked } from "#lib/store/store";
import type { Requests, Statement } from "./driver/requests.ts";

/** The one partition of a table that has few rows. */
const everywhere = 0;
const rowsFetched = 1_000;
/** Behind its end: another's clock may be behind ours. */
const measureKeptSeconds = 3_600;

export class OperatorTables {
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #shards: number;

  constructor(requests: Requests, clock: Clock, shards: number) {
    this.#requests = requests;
    this.#clock = clock;
    this.#shards = shards;
  }

  putHold({ destination, reason, since }: Hold): Promise<void> {
    const params = [everywhere, destination, true, reason, since];
    return this.#writeLast(heldAtCql, destination, { query: holdCql, params });
  }

  /** The row stays and says so: a deletion would be a tombstone in what everybody reads. */
  dropHold(destination: Destination): Promise<void> {
    const params = [everywhere, destination, false];
    return this.#writeLast(heldAtCql, destination, { query: dropHoldCql, params });
  }

  async holds(): Promise<readonly Hold[]> {
    const holds: Hold[] = [];
    const statement = { query: holdsCql, params: [everywhere] };
    const time = () => this.#requests.callTime();
    for await (const page of this.#requests.pages(time, statement, rowsFetched)) {
      for (const { destination, held, reason, since } of page) {
        if (held === true) holds.push({ destination, reason, since: since.getTime() });
      }
    }
    return holds.sort((a, b) => a.since - b.since);
  }

  /** Ends by itself soon after the measure does. */
  putMeasure(measure: Measure): Promise<void> {
    const restMs = Math.max(0, measure.until - this.#clock.now());
    const seconds = Math.ceil(restMs / 1_000) + measureKeptSeconds;
    const params = [everywhere, measure.id, true, encodeMeasure(measure), seconds];
    return this.#writeLast(measureAtCql, measure.id, { query: measureCql, params });
  }

  dropMeasure(id: string): Promise<void> {
    const params = [everywhere, id, false];
    return this.#writeLast(measureAtCql, id, { query: dropMeasureCql, params });
  }

  async measures(): Promise<readonly Measure[]> {
    const measures: Measure[] = [];
    const statement = { query: measuresCql, params: [everywhere] };
    const time = () => this.#requests.callTime();
    for await (const page of this.#requests.pages(time, statement, rowsFetched)) {
      for (const { in_force: isInForce, record } of page) {
        const measure = isInForce === true ? decodeMeasure(record) : undefined;
        if (measure !== undefined) measures.push(measure);
      }
    }
    return measures;
  }

  async park({ shard, sequence, uid, at, reason, record }: Parked): Promise<void> {
    const params = [shard, at, BigInt(sequence), uid, reason, Buffer.from(record)];
    const statements = [{ query: parkCql, params }];
    await this.#requests.write(this.#requests.callTime(), [{ statements }]);
  }

  async parked(limit: number): Promise<readonly Parked[]> {
    const ofShards = allShards(this.#shards).map((shard) => this.#parkedOf(shard, limit));
    const all = (await Promise.all(ofShards)).flat();
    return all.sort((a, b) => a.at - b.at || a.shard - b.shard).slice(0, limit);
  }

  async #parkedOf(shard: Shard, limit: number): Promise<readonly Parked[]> {
    const statement = { query: parkedCql, params: [shard, limit] };
    const rows = await this.#requests.read(this.#requests.callTime(), statement);
    return rows.map(({ at, sequence, uid, reason, record }) => ({
      shard,
      sequence: Number(sequence),
      uid,
      at: at.getTime(),
      reason,
      record: new Uint8Array(record),
    }));
  }

  /** The newest word counts, though another's clock may be ahead of ours. */
  async #writeLast(askedCql: string, key: string, statement: Statement): Promise<void> {
    const time = this.#requests.callTime();
    const asked = { query: askedCql, params: [everywhere, key] };
    const [row] = await this.#requests.read(time, asked);
    const stamp = Math.max(this.#clock.now() * 1_000, Number(row?.written ?? 0) + 1);
    await this.#requests.write(time, [{ statements: [statement], stamp }]);
  }
}

const heldAtCql =
  "SELECT writetime(held) AS written FROM hold WHERE everywhere = ? AND destination = ?";
const holdCql =
  "INSERT INTO hold (everywhere, destination, held, reason, since) VALUES (?, ?, ?, ?, ?)";
const dropHoldCql =
  "INSERT INTO hold (everywhere, destination, held) VALUES (?, ?, ?) USING TTL 7776000";
const holdsCql = "SELECT destination, held, reason, since FROM hold WHERE everywhere = ?";
const measureAtCql =
  "SELECT writetime(in_force) AS written FROM measure WHERE everywhere = ? AND id = ?";
const measureCql =
  "INSERT INTO measure (everywhere, id, in_force, record) VALUES (?, ?, ?, ?) USING TTL ?";
const dropMeasureCql =
  "INSERT INTO measure (everywhere, id, in_force) VALUES (?, ?, ?) USING TTL 7776000";
const measuresCql = "SELECT in_force, record FROM measure WHERE everywhere = ?";
const parkCql =
  "INSERT INTO parked (shard, at, sequence, uid, reason, record) VALUES (?, ?, ?, ?, ?, ?)";
const parkedCql = "SELECT at, sequence, uid, reason, record FROM parked WHERE shard = ? LIMIT ?";
