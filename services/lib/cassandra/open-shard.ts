/** A shard while this process writes for it: its cursor, its write times, where its rows are. */
import type { types } from "cassandra-driver";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { Epoch } from "#lib/leases/leases";
import type { Shard, Time } from "#lib/queue/unit";
import { StoreUnavailable } from "#lib/store/store";
import { BacklogTable } from "./backlog-table.ts";
import { Buckets } from "./buckets.ts";
import type { CallTime, Requests, Statement } from "./driver/requests.ts";
import { Stamps } from "./stamps.ts";
import { WheelTable } from "./wheel-table.ts";

export const waitingBucketMs = 900_000;
const rowsFetched = 2_000;

interface Cursor {
  readonly epoch: number;
  readonly wheelLow: Time;
  readonly stampHigh: number;
}

export class OpenShard {
  readonly shard: Shard;
  readonly epoch: number;
  readonly stamps: Stamps;
  readonly wheel: WheelTable;
  readonly backlogs: BacklogTable;
  readonly waiting: Buckets;
  readonly #requests: Requests;
  #renewing: Promise<void> | undefined;

  /** Reads what its last owner left: its cursor, and a row for each bucket and each backlog. */
  static async open(
    { shard, epoch }: { shard: Shard; epoch: Epoch },
    { requests, clock }: { requests: Requests; clock: Clock },
  ): Promise<OpenShard> {
    const cursor = await readCursor(requests, shard);
    // Numbers of segments must never come again, not even when one claim opens the shard twice.
    const own = Math.max(epoch, cursor.epoch + 1);
    const opened = new OpenShard(shard, { ...cursor, epoch: own }, { requests, clock });
    await opened.#record();
    await opened.#load();
    return opened;
  }

  private constructor(
    shard: Shard,
    cursor: Cursor,
    { requests, clock }: { requests: Requests; clock: Clock },
  ) {
    this.shard = shard;
    this.epoch = cursor.epoch;
    this.#requests = requests;
    this.stamps = new Stamps(clock, cursor.stampHigh);
    this.wheel = new WheelTable({ shard, low: cursor.wheelLow, clock });
    this.backlogs = new BacklogTable(shard, cursor.epoch, clock);
    this.waiting = new Buckets({ shard, kind: "waiting", spanMs: waitingBucketMs });
  }

  /** To be awaited before a stamp is taken: a successor must know how far they go. */
  async ready(): Promise<void> {
    if (!this.stamps.mustBeRenewed) return;
    this.#renewing ??= this.#record().finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  async advanceWheel(time: CallTime, before: Time): Promise<void> {
    await this.ready();
    if (!this.wheel.advance(before)) return;
    this.waiting.forgetGone(before);
    const statement = { query: advanceCql, params: [this.shard, before] };
    await this.#write(time, statement);
  }

  async advanceBacklog(time: CallTime, statement: Statement): Promise<void> {
    await this.ready();
    await this.#write(time, statement);
  }

  async #record(): Promise<void> {
    const high = this.stamps.wanted();
    const params = [this.shard, BigInt(this.epoch), BigInt(high)];
    await this.#write(this.#requests.callTime(), { query: recordCql, params });
    this.stamps.granted(high);
  }

  async #load(): Promise<void> {
    const { wheel, waiting, backlogs } = this;
    await Promise.all([
      this.#each(wheel.buckets.reading(wheel.low), (row) => {
        wheel.buckets.loaded({ bucket: row.bucket.getTime(), slot: row.slot });
      }),
      this.#each(waiting.reading(0), (row) => {
        waiting.loaded({ bucket: row.bucket.getTime(), slot: row.slot });
      }),
      this.#each(backlogs.reading(), (row) => {
        backlogs.loaded(row.destination, {
          segment: row.head_segment,
          place: row.head_place,
          depth: row.depth,
          bytes: Number(row.bytes),
          oldestAt: row.oldest.getTime(),
          goneAt: row.expires.getTime(),
        });
      }),
    ]);
  }

  async #each(statement: Statement, take: (row: types.Row) => void): Promise<void> {
    const time = () => this.#requests.callTime();
    for await (const page of this.#requests.pages(time, statement, rowsFetched)) {
      for (const row of page) take(row);
    }
  }

  #write(time: CallTime, statement: Statement): Promise<void> {
    return this.#requests.write(time, [{ statements: [statement], stamp: this.stamps.next() }]);
  }
}

/** Of two openings of one shard the later call counts, however long the earlier one takes. */
export class OpenShards {
  readonly #ports: { readonly requests: Requests; readonly clock: Clock };
  readonly #opened = new Map<Shard, OpenShard>();
  /** By which the last call knows that it is the last. */
  readonly #tokens = new Map<Shard, symbol>();

  constructor(ports: { requests: Requests; clock: Clock }) {
    this.#ports = ports;
  }

  async open(shard: Shard, epoch: Epoch): Promise<void> {
    const token = Symbol("opening");
    this.#tokens.set(shard, token);
    this.#opened.delete(shard);
    const opened = await OpenShard.open({ shard, epoch }, this.#ports);
    if (this.#tokens.get(shard) !== token) {
      throw new StoreUnavailable(`Cannot open shard ${shard}: it was opened again meanwhile`);
    }
    this.#opened.set(shard, opened);
  }

  get(shard: Shard): OpenShard {
    const opened = this.#opened.get(shard);
    assert(opened !== undefined, "a shard is opened before it is used");
    return opened;
  }
}

async function readCursor(requests: Requests, shard: Shard): Promise<Cursor> {
  const [row] = await requests.read(requests.callTime(), { query: cursorCql, params: [shard] });
  return {
    epoch: Number(row?.epoch ?? 0),
    wheelLow: row?.wheel_low?.getTime() ?? 0,
    stampHigh: Number(row?.stamp_high ?? 0),
  };
}

const cursorCql = "SELECT epoch, wheel_low, stamp_high FROM shard_cursor WHERE shard = ?";
const recordCql = "INSERT INTO shard_cursor (shard, epoch, stamp_high) VALUES (?, ?, ?)";
const advanceCql = "INSERT INTO shard_cursor (shard, wheel_low) VALUES (?, ?)";
