/** The memory inhabitant of SuppressionList. */
import type { Clock } from "#lib/clock";
import { isInForce, type Suppression, type SuppressionId } from "#lib/suppression/suppression";
import {
  type SuppressionFilters,
  type SuppressionList,
  type SuppressionNews,
  type SuppressionPage,
  suppressionsInCallMax,
} from "./suppression-list.ts";

/** Puts that are told as news; whoever comes later reads the whole list. */
const newsMax = 10_000;

/** What all views of one store have in common. */
export class SuppressionRows {
  readonly byName = new Map<string, Suppression>();
  /** Oldest first; the first of them is the one with this number. */
  readonly news: Suppression[] = [];
  newsStart = 0;
}

export interface MemorySuppressionsPorts {
  readonly rows: SuppressionRows;
  readonly clock: Clock;
  /** Around each call, for faults. */
  readonly at: <T>(operation: string, act: () => T) => Promise<T>;
}

export class MemorySuppressions implements SuppressionList {
  readonly #ports: MemorySuppressionsPorts;

  constructor(ports: MemorySuppressionsPorts) {
    this.#ports = ports;
  }

  put(entries: readonly Suppression[]): Promise<void> {
    return this.#ports.at("suppressions/put", () => {
      const { rows } = this.#ports;
      for (const entry of entries) rows.byName.set(nameOf(entry), entry);
      rows.news.push(...entries);
      const gone = Math.max(0, rows.news.length - newsMax);
      rows.news.splice(0, gone);
      rows.newsStart += gone;
    });
  }

  lift(ids: readonly SuppressionId[]): Promise<void> {
    return this.#ports.at("suppressions/lift", () => {
      for (const id of ids) this.#ports.rows.byName.delete(nameOf(id));
    });
  }

  find(ids: readonly SuppressionId[]): Promise<readonly Suppression[]> {
    return this.#ports.at("suppressions/find", () => {
      const { rows, clock } = this.#ports;
      const found = ids.flatMap((id) => rows.byName.get(nameOf(id)) ?? []);
      return found.filter((entry) => isInForce(entry, clock.now()));
    });
  }

  page({ tenant, after = "", limit }: SuppressionFilters): Promise<SuppressionPage> {
    return this.#ports.at("suppressions/page", () => {
      const { rows, clock } = this.#ports;
      const names = [...rows.byName.keys()].filter((name) => name > after).sort();
      const now = clock.now();
      const wanted = names.flatMap((name) => {
        const entry = rows.byName.get(name);
        const isWanted = tenant === undefined || entry?.tenant === tenant;
        return entry !== undefined && isWanted && isInForce(entry, now) ? [{ name, entry }] : [];
      });
      const page = wanted.slice(0, limit);
      const last = page.at(-1);
      const entries = page.map(({ entry }) => entry);
      return page.length < limit || last === undefined ? { entries } : { entries, next: last.name };
    });
  }

  tenants(limit: number): Promise<readonly string[]> {
    return this.#ports.at("suppressions/tenants", () => {
      const tenants = [...this.#ports.rows.byName.values()].flatMap(({ tenant }) => tenant ?? []);
      return [...new Set(tenants)].sort().slice(0, limit);
    });
  }

  news(since?: string): Promise<SuppressionNews> {
    return this.#ports.at("suppressions/news", () => {
      const { news, newsStart } = this.#ports.rows;
      const end = newsStart + news.length;
      const from = since === undefined ? end : Number(since);
      const entries = news.slice(Math.max(0, from - newsStart)).slice(0, suppressionsInCallMax);
      const next = Math.max(from, newsStart) + entries.length;
      return { entries, next: String(next), hasMore: next < end, isWhole: from >= newsStart };
    });
  }
}

/** Of its place in a page, too: a tenant has no blank in its name, and everybody's come first. */
function nameOf({ key, tenant = "" }: SuppressionId): string {
  return `${tenant} ${key}`;
}
