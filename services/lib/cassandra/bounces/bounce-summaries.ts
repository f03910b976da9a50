/**
 * What bounces add up to. Each writer has rows of its own with what it has counted itself, so that to
 * write one again changes nothing; who reads adds the writers up. No counters, which double under
 * retries (ADR 0010).
 */
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceClass } from "#lib/bounces/bounce-class";
import {
  askedScope,
  type BounceCount,
  type BounceCountQuery,
  type CountScope,
  dayMs,
  dayOf,
  daysOf,
  scopesOf,
  summed,
} from "#lib/bounces/bounce-count";
import { normalisedReply } from "#lib/bounces/normalised-text";
import {
  mostFrequent,
  otherTexts,
  type UnknownBounces,
  type UnknownQuery,
  unknownTextsMax,
} from "#lib/bounces/unknown-bounces";
import type { Requests, Statement } from "../driver/requests.ts";
import { Partitions } from "../partitions.ts";
import { everywhere } from "./bounce-keys.ts";

/** Rows in memory; beyond it, when all are written, this process begins anew as another writer. */
const rowsMax = 50_000;
const rowsFetched = 1_000;

export interface BounceSummariesPorts {
  readonly requests: Requests;
  readonly keptMs: number;
}

/** What this writer has counted so far. */
interface Sum {
  count: number;
  readonly day: number;
  readonly of:
    | (CountScope & { readonly class: BounceClass })
    | { readonly scope: "text"; readonly text: string; lastAt: number; example: string };
}

export class BounceSummaries {
  readonly #ports: BounceSummariesPorts;
  readonly #sums = new Map<string, Sum>();
  readonly #changed = new Set<Sum>();
  /** Different texts by day. */
  readonly #texts = new Map<number, number>();
  #writer: string = crypto.randomUUID();
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(ports: BounceSummariesPorts) {
    this.#ports = ports;
  }

  add(bounce: Bounce): void {
    this.#makeRoom();
    const day = dayOf(bounce.at);
    for (const it of scopesOf(bounce)) {
      const key = `${it.scope} ${day} ${bounce.class} ${it.name}`;
      this.#count(key, { count: 0, day, of: { ...it, class: bounce.class } });
    }
    if (bounce.class === "unknown") this.#countText(bounce, day);
  }

  /** Resolves when all that was added before is written. */
  flush(): Promise<void> {
    if (this.#changed.size === 0 && this.#writing === undefined) return Promise.resolve();
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  async counts(query: BounceCountQuery): Promise<readonly BounceCount[]> {
    const asked = askedScope(query);
    if (asked === undefined) return [];
    const { first, last } = daysOf(query);
    const params = [asked.scope, asked.name, first, last];
    const rows: { day: number; class: BounceClass; count: number }[] = [];
    for await (const page of this.#pages({ query: countsCql, params })) {
      for (const { day, class: of, amount } of page) {
        if (query.class === undefined || query.class === of) {
          rows.push({ day, class: of, count: Number(amount) });
        }
      }
    }
    return summed(rows);
  }

  async unknown({ limit, ...span }: UnknownQuery): Promise<readonly UnknownBounces[]> {
    const { first, last } = daysOf(span);
    const rows: UnknownBounces[] = [];
    for await (const days of this.#pages({ query: daysCql, params: [everywhere, first, last] })) {
      for (const { day } of days) rows.push(...(await this.#unknownOf(day)));
    }
    return mostFrequent(rows, limit);
  }

  async #unknownOf(day: number): Promise<readonly UnknownBounces[]> {
    const rows: UnknownBounces[] = [];
    for await (const page of this.#pages({ query: textsCql, params: [day] })) {
      for (const { words, amount, last_at, example } of page) {
        rows.push({ text: words, count: Number(amount), lastAt: last_at.getTime(), example });
      }
    }
    return rows;
  }

  #pages(statement: Statement) {
    const { requests } = this.#ports;
    return requests.pages(() => requests.callTime(), statement, rowsFetched);
  }

  #countText(bounce: Bounce, day: number): void {
    const words = normalisedReply(bounce);
    const texts = this.#texts.get(day) ?? 0;
    const isKnown = this.#sums.has(`text ${day} ${words}`);
    const text = isKnown || texts < unknownTextsMax ? words : otherTexts;
    const key = `text ${day} ${text}`;
    if (!this.#sums.has(key)) this.#texts.set(day, texts + 1);
    const { at: lastAt, text: example } = bounce;
    const { of } = this.#count(key, {
      count: 0,
      day,
      of: { scope: "text", text, lastAt, example },
    });
    if (of.scope === "text" && lastAt >= of.lastAt) Object.assign(of, { lastAt, example });
  }

  #count(key: string, first: Sum): Sum {
    const sum = this.#sums.get(key) ?? first;
    sum.count += 1;
    this.#sums.set(key, sum);
    this.#changed.add(sum);
    return sum;
  }

  #makeRoom(): void {
    const isWritten = this.#changed.size === 0 && this.#writing === undefined;
    if (this.#sums.size < rowsMax || !isWritten) return;
    this.#sums.clear();
    this.#texts.clear();
    this.#writer = crypto.randomUUID();
  }

  /** One at a time: of two writes of a row the later has the higher count. */
  async #writeNext(): Promise<void> {
    await this.#writing?.catch(() => {});
    this.#next = undefined;
    this.#writing = this.#write();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(): Promise<void> {
    const { requests } = this.#ports;
    const sums = [...this.#changed];
    this.#changed.clear();
    const rows = new Partitions();
    for (const sum of sums) {
      const { scope } = sum.of;
      rows.add(scope === "text" ? `text ${sum.day}` : `${scope} ${sum.of.name}`, this.#row(sum));
    }
    try {
      await requests.write(requests.callTime(), rows.writes());
    } catch (error) {
      for (const sum of sums) this.#changed.add(sum);
      throw error;
    }
  }

  #row({ day, count, of }: Sum): Statement {
    // From its last change on, and the day it is of is then over or nearly so.
    const ttl = Math.ceil((this.#ports.keptMs + dayMs) / 1_000);
    if (of.scope === "text") {
      const params = [day, of.text, this.#writer, count, of.lastAt, of.example, ttl];
      return { query: putTextCql, params };
    }
    const params = [of.scope, of.name, day, of.class, this.#writer, count, ttl];
    return { query: putCountCql, params };
  }
}

const countsCql =
  "SELECT day, class, amount FROM bounce_count " +
  "WHERE scope = ? AND name = ? AND day >= ? AND day <= ?";
const daysCql = "SELECT day FROM bounce_day WHERE everywhere = ? AND day >= ? AND day <= ?";
const textsCql = "SELECT words, amount, last_at, example FROM bounce_unknown WHERE day = ?";
const putCountCql =
  "INSERT INTO bounce_count (scope, name, day, class, writer, amount) " +
  "VALUES (?, ?, ?, ?, ?, ?) USING TTL ?";
const putTextCql =
  "INSERT INTO bounce_unknown (day, words, writer, amount, last_at, example) " +
  "VALUES (?, ?, ?, ?, ?, ?) USING TTL ?";
