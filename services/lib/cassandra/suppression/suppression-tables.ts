/**
 * Whom nothing is sent to (ADR 0016). By tenant and slot, so that one entry is one row to read and
 * all of them are a walk; and once more by the minute of writing, which tells the news.
 */
import type { types } from "cassandra-driver";
import type { Clock } from "#lib/clock";
import { fnv1a32 } from "#lib/queue/shard";
import type { Time } from "#lib/queue/unit";
import type {
  SuppressionFilters,
  SuppressionList,
  SuppressionNews,
  SuppressionPage,
} from "#lib/store/suppression-list";
import {
  isInForce,
  type Suppression,
  type SuppressionId,
  type SuppressionTerm,
} from "#lib/suppression/suppression";
import type { CallTime, PartitionWrite, Requests, Statement } from "../driver/requests.ts";
import { ttlOf } from "../lifetimes.ts";
import { SuppressionWalk, slots } from "./suppression-walk.ts";

const everywhere = 0;
const minuteMs = 60_000;
/** A writer's clock may be so far behind ours, and its write may take so long. */
const newsOverlapMs = 20_000;
/** Longer ago it is less to read the list. */
const newsReachMs = 2 * 3_600_000;
const rowsFetched = 5_000;

export class SuppressionTables implements SuppressionList {
  readonly #requests: Requests;
  readonly #clock: Clock;
  readonly #walk: SuppressionWalk;
  /** Tenants that are in their table; this process has written them. */
  readonly #tenants = new Set<string>();

  constructor(requests: Requests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
    this.#walk = new SuppressionWalk(requests, clock);
  }

  /** The tenant first: without it nobody would find them. The news last: who hears looks at once. */
  async put(entries: readonly Suppression[]): Promise<void> {
    const time = this.#requests.callTime();
    await this.#putTenants(time, entries);
    await this.#write(time, entries, (entry) => {
      const { expiresAt } = entry;
      const record = JSON.stringify(entry);
      return { query: putCql, params: [...keyOf(entry), true, record, this.#ttl(expiresAt)] };
    });
    const now = this.#clock.now();
    const statements = entries.map(({ key, tenant = "", expiresAt }) => ({
      query: putNewsCql,
      params: [minuteOf(now), now, tenant, key, BigInt(expiresAt ?? 0)],
    }));
    await this.#requests.write(time, [{ statements }]);
  }

  /** The row stays and says so: a deletion would be a tombstone in what is walked through. */
  async lift(ids: readonly SuppressionId[]): Promise<void> {
    const time = this.#requests.callTime();
    await this.#write(time, ids, (id) => ({
      query: liftCql,
      params: [...keyOf(id), false, ""],
    }));
  }

  async find(ids: readonly SuppressionId[]): Promise<readonly Suppression[]> {
    const time = this.#requests.callTime();
    const now = this.#clock.now();
    const asked = ids.map((id) => this.#requests.read(time, { query: findCql, params: keyOf(id) }));
    const rows = (await Promise.all(asked)).flat();
    return rows.flatMap(entryOf).filter((entry) => isInForce(entry, now));
  }

  page(filters: SuppressionFilters): Promise<SuppressionPage> {
    return this.#walk.page(filters);
  }

  async tenants(limit: number): Promise<readonly string[]> {
    const tenants = await this.#walk.tenants("");
    return tenants.filter((tenant) => tenant !== "").slice(0, limit);
  }

  async news(since?: string): Promise<SuppressionNews> {
    const now = this.#clock.now();
    const told = { next: String(now), hasMore: false };
    if (since === undefined) return { ...told, entries: [], isWhole: true };
    const from = Number(since) - newsOverlapMs;
    if (!(now - from <= newsReachMs)) return { ...told, entries: [], isWhole: false };
    const entries: SuppressionTerm[] = [];
    // A writer's clock may be ahead, too.
    const last = minuteOf(now + newsOverlapMs);
    for (let minute = minuteOf(from); minute <= last; minute += minuteMs) {
      const statement = { query: newsCql, params: [minute, from] };
      const time = () => this.#requests.callTime();
      for await (const page of this.#requests.pages(time, statement, rowsFetched)) {
        entries.push(...page.map(termOf));
      }
    }
    return { ...told, entries, isWhole: true };
  }

  async #putTenants(time: CallTime, entries: readonly Suppression[]): Promise<void> {
    const tenants = new Set(entries.map(({ tenant = "" }) => tenant));
    const missing = [...tenants].filter((tenant) => !this.#tenants.has(tenant));
    if (missing.length === 0) return;
    const statements = missing.map((tenant) => ({
      query: putTenantCql,
      params: [everywhere, tenant],
    }));
    await this.#requests.write(time, [{ statements }]);
    for (const tenant of missing) this.#tenants.add(tenant);
  }

  /** The newest word counts, though another's clock may be ahead of ours. */
  async #write<Id extends SuppressionId>(
    time: CallTime,
    ids: readonly Id[],
    statementOf: (id: Id) => Statement,
  ): Promise<void> {
    const partitions = Map.groupBy(ids, (id) => `${slotOf(id)} ${id.tenant ?? ""}`);
    const writes = [...partitions.values()].map(
      async (inOne): Promise<PartitionWrite> => ({
        statements: inOne.map(statementOf),
        stamp: await this.#stampFor(time, inOne),
      }),
    );
    await this.#requests.write(time, await Promise.all(writes));
  }

  /** Of rows of one partition: above all that was written to them. */
  async #stampFor(time: CallTime, ids: readonly SuppressionId[]): Promise<number> {
    const [first] = ids;
    if (first === undefined) return 0;
    const [tenant, slot] = keyOf(first);
    const keys = ids.map(({ key }) => key);
    const asked = { query: writtenCql, params: [tenant, slot, keys] };
    const rows = await this.#requests.read(time, asked);
    const written = rows.map((row) => Number(row.written ?? 0) + 1);
    return Math.max(this.#clock.now() * 1_000, ...written);
  }

  /** In seconds; 0: for good. */
  #ttl(expiresAt: Time | undefined): number {
    return expiresAt === undefined ? 0 : ttlOf(expiresAt, this.#clock.now());
  }
}

function keyOf({ key, tenant = "" }: SuppressionId): readonly [string, number, string] {
  return [tenant, slotOf({ key }), key];
}

function slotOf({ key }: Pick<SuppressionId, "key">): number {
  return fnv1a32(key) % slots;
}

/** None of a row that says that it was lifted. */
function entryOf({ listed, record }: types.Row): readonly Suppression[] {
  return listed === true ? [JSON.parse(record)] : [];
}

function termOf({ tenant, key, expires }: types.Row): SuppressionTerm {
  return {
    key,
    ...(tenant === "" ? {} : { tenant }),
    ...(Number(expires) === 0 ? {} : { expiresAt: Number(expires) }),
  };
}

function minuteOf(at: Time): Time {
  return Math.floor(at / minuteMs) * minuteMs;
}

const putTenantCql = "INSERT INTO suppression_tenant (everywhere, tenant) VALUES (?, ?)";
const writtenCql =
  "SELECT writetime(listed) AS written FROM suppression WHERE tenant = ? AND slot = ? AND key IN ?";
const putCql =
  "INSERT INTO suppression (tenant, slot, key, listed, record) VALUES (?, ?, ?, ?, ?) " +
  "USING TTL ?";
const liftCql =
  "INSERT INTO suppression (tenant, slot, key, listed, record) VALUES (?, ?, ?, ?, ?) " +
  "USING TTL 7776000";
const findCql = "SELECT listed, record FROM suppression WHERE tenant = ? AND slot = ? AND key = ?";
const putNewsCql =
  "INSERT INTO suppression_news (minute, at, tenant, key, expires) VALUES (?, ?, ?, ?, ?)";
const newsCql = "SELECT tenant, key, expires FROM suppression_news WHERE minute = ? AND at > ?";
