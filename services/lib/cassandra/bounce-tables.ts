/** Bounces, by day and by destination and day: the questions that are asked. */
import { fnv1a32 } from "#lib/queue/shard";
import type { Destination, Time } from "#lib/queue/unit";
import type { Bounce } from "#lib/store/store";
import type { CallTime, PartitionWrite, Requests } from "./driver/requests.ts";

const everywhere = 0;
const dayMs = 86_400_000;
/** A large provider may send a million in a day. */
const slots = 4;

interface BounceQuery {
  readonly destination?: Destination;
  readonly after?: Time;
  readonly limit: number;
}

export class BounceTables {
  readonly #requests: Requests;
  /** Days that are in the table; this process has written them. */
  readonly #days = new Set<number>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** The day first: without it nobody would find them. */
  async record(bounces: readonly Bounce[]): Promise<void> {
    const time = this.#requests.callTime();
    const days = new Set(bounces.map(({ at }) => dayOf(at)));
    for (const day of days) if (!this.#days.has(day)) await this.#putDay(time, day);
    await this.#requests.write(time, bounces.flatMap(writesOf));
  }

  async read({ destination, after = -1, limit }: BounceQuery): Promise<readonly Bounce[]> {
    const time = this.#requests.callTime();
    const days = await this.#requests.read(time, {
      query: daysCql,
      params: [everywhere, dayOf(Math.max(0, after))],
    });
    const found: Bounce[] = [];
    for (const { day } of days) {
      const left = limit - found.length;
      if (left <= 0) break;
      const query = {
        day,
        after,
        limit: left,
        ...(destination === undefined ? {} : { destination }),
      };
      const ofSlots = Array.from({ length: slots }, (_, slot) => this.#slot(query, slot));
      const ofDay = (await Promise.all(ofSlots)).flat().sort((a, b) => a.at - b.at);
      found.push(...ofDay.slice(0, left));
    }
    return found;
  }

  async #slot(
    { destination, day, after, limit }: BounceQuery & { day: number; after: Time },
    slot: number,
  ): Promise<readonly Bounce[]> {
    const partition = destination === undefined ? [day, slot] : [destination, day, slot];
    const query = destination === undefined ? readCql : readOfCql;
    const params = [...partition, after, limit];
    const rows = await this.#requests.read(this.#requests.callTime(), { query, params });
    return rows.map(({ record }) => JSON.parse(record));
  }

  async #putDay(time: CallTime, day: number): Promise<void> {
    const statements = [{ query: putDayCql, params: [everywhere, day] }];
    await this.#requests.write(time, [{ statements }]);
    this.#days.clear();
    this.#days.add(day);
  }
}

function writesOf(bounce: Bounce): readonly PartitionWrite[] {
  const { uid, at, recipient, destination } = bounce;
  const key = [dayOf(at), fnv1a32(uid) % slots, at, uid, recipient.path, JSON.stringify(bounce)];
  return [
    { statements: [{ query: putCql, params: key }] },
    { statements: [{ query: putOfCql, params: [destination, ...key] }] },
  ];
}

function dayOf(at: Time): number {
  return Math.floor(at / dayMs);
}

const putDayCql = "INSERT INTO bounce_day (everywhere, day) VALUES (?, ?)";
const daysCql = "SELECT day FROM bounce_day WHERE everywhere = ? AND day >= ?";
const putCql = "INSERT INTO bounce (day, slot, at, uid, path, record) VALUES (?, ?, ?, ?, ?, ?)";
const putOfCql =
  "INSERT INTO bounce_by_destination (destination, day, slot, at, uid, path, record) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?)";
const readCql = "SELECT record FROM bounce WHERE day = ? AND slot = ? AND at > ? LIMIT ?";
const readOfCql =
  "SELECT record FROM bounce_by_destination " +
  "WHERE destination = ? AND day = ? AND slot = ? AND at > ? LIMIT ?";
