/** Reads bounces from the table that has them by what is asked for, some at a time. */
import type { Bounce } from "#lib/bounces/bounce";
import { dayOf, daysOf } from "#lib/bounces/bounce-count";
import {
  type BouncePage,
  type BouncePosition,
  type BounceQuery,
  compareBounces,
  comparePositions,
  finderOf,
  positionOf,
  recipientKey,
  rowsToRead,
  startOf,
  takePage,
} from "#lib/bounces/bounce-query";
import { readBounceRecord } from "#lib/bounces/bounce-record";
import type { Requests, Statement } from "../driver/requests.ts";
import { dayTables, everywhere, selectCql, slots } from "./bounce-keys.ts";

/** Rows of one read. */
const rowsMax = 1_000;
/** Rows that one call looks at, of which it may want none. */
const lookedAtMax = 5_000;
/** More than the recipients of one message. */
const messageRowsMax = 10_000;

/** The next of them, in order. */
interface Found {
  readonly bounces: readonly Bounce[];
  readonly isAll: boolean;
}

export class BouncePages {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async read(query: BounceQuery): Promise<BouncePage> {
    const bounces: Bounce[] = [];
    let looked = 0;
    for await (const found of this.#found(query)) {
      const wanted = { ...query, limit: query.limit - bounces.length };
      const page = takePage(found.bounces, wanted, found.isAll);
      bounces.push(...page.bounces);
      looked += found.bounces.length;
      const isFull = bounces.length >= query.limit || looked >= lookedAtMax;
      if (page.next === undefined) return { bounces };
      if (isFull) return { bounces, next: page.next };
    }
    return { bounces };
  }

  async *#found(query: BounceQuery): AsyncGenerator<Found> {
    const start = startOf(query);
    const finder = finderOf(query);
    if (finder === "queueId") return yield await this.#ofMessage(query.queueId ?? "", start);
    if (finder === "recipient") return yield* this.#ofRecipient(query, start);
    for (const day of await this.#days(query, start)) yield* this.#ofDay(query, day, start);
  }

  async #ofMessage(message: string, start: BouncePosition): Promise<Found> {
    const params = [message, messageRowsMax];
    const all = await this.#bounces({ query: messageCql, params });
    const behind = all.filter((it) => comparePositions(positionOf(it), start) > 0);
    return { bounces: behind.sort(compareBounces), isAll: true };
  }

  async *#ofRecipient(query: BounceQuery, start: BouncePosition): AsyncGenerator<Found> {
    const limit = rowsToRead(query, rowsMax);
    const recipient = recipientKey(query.recipient ?? "");
    for (let from: BouncePosition | undefined = start; from !== undefined; ) {
      const params = [recipient, from.at, from.uid, from.path, limit];
      const bounces = await this.#bounces({ query: recipientCql, params });
      const last = bounces.at(-1);
      from = bounces.length < limit || last === undefined ? undefined : positionOf(last);
      yield { bounces, isAll: from === undefined };
    }
  }

  /** Days that have bounces at all. */
  async #days(query: BounceQuery, start: BouncePosition): Promise<readonly number[]> {
    const { first, last } = daysOf(query);
    const params = [everywhere, Math.max(first, dayOf(Math.max(0, start.at))), last];
    const statement = { query: daysCql, params };
    const rows = await this.#requests.read(this.#requests.callTime(), statement);
    return rows.map(({ day }): number => day);
  }

  /** Of all its slots the next ones, merged; more may always stand behind them, on another day. */
  async *#ofDay(query: BounceQuery, day: number, start: BouncePosition): AsyncGenerator<Found> {
    const finder = finderOf(query);
    const table = dayTables.find(({ owner }) => owner === finder) ?? dayTables[0];
    if (table === undefined) return;
    const owner = table.owner === undefined ? [] : [query[table.owner]];
    const limit = rowsToRead(query, rowsMax);
    for (let from: BouncePosition | undefined = start; from !== undefined; ) {
      const behind: readonly unknown[] = [from.at, from.uid, from.path, limit];
      const ofSlots = Array.from({ length: slots }, (_, slot) =>
        this.#bounces({ query: selectCql(table), params: [...owner, day, slot, ...behind] }),
      );
      const merged: Bounce[] = (await Promise.all(ofSlots)).flat().sort(compareBounces);
      const bounces = merged.slice(0, limit);
      const last = bounces.at(-1);
      if (last !== undefined) yield { bounces, isAll: false };
      from = merged.length < limit || last === undefined ? undefined : positionOf(last);
    }
  }

  async #bounces(statement: Statement): Promise<Bounce[]> {
    const rows = await this.#requests.read(this.#requests.callTime(), statement);
    return rows.map(({ record }) => readBounceRecord(record));
  }
}

const messageCql = "SELECT record FROM bounce_of_message WHERE message = ? LIMIT ?";
const recipientCql =
  "SELECT record FROM bounce_by_recipient WHERE recipient = ? " +
  "AND (at, uid, path) > (?, ?, ?) LIMIT ?";
const daysCql = "SELECT day FROM bounce_day WHERE everywhere = ? AND day >= ? AND day <= ?";
