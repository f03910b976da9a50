/** All entries in order of tenant, slot and key, a page at a time. */
import type { Clock } from "#lib/clock";
import type { SuppressionFilters, SuppressionPage } from "#lib/store/suppression-list";
import { isInForce, type Suppression } from "#lib/suppression/suppression";
import type { Requests } from "../driver/requests.ts";

const everywhere = 0;
/** Then it is said how far it came: a thousand tenants may have hardly an entry. */
const pageMsMax = 2_000;

/** Of each tenant: ten million entries are 150,000 rows to a partition. */
export const slots = 64;

interface Place {
  readonly tenant: string;
  readonly slot: number;
  /** Behind this one; "" from the first. */
  readonly key: string;
}

export class SuppressionWalk {
  readonly #requests: Requests;
  readonly #clock: Clock;

  constructor(requests: Requests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  async page({ tenant, after, limit }: SuppressionFilters): Promise<SuppressionPage> {
    const start = placeOf(after);
    const tenants = tenant === undefined ? await this.tenants(start.tenant) : [tenant];
    const until = this.#clock.monotonic() + pageMsMax;
    const entries: Suppression[] = [];
    for (const one of tenants) {
      let place = one === start.tenant ? start : { tenant: one, slot: 0, key: "" };
      // Twice as many at once after each time that was not enough: most slots are nearly empty.
      for (let width = 1; place.slot < slots; width *= 2) {
        if (entries.length >= limit || this.#clock.monotonic() > until) {
          return { entries, next: textOf(place) };
        }
        place = await this.#read(place, { width, limit: limit - entries.length }, entries);
      }
    }
    return { entries };
  }

  /** Adds what stands in so many slots, up to the limit; gives where it stopped. */
  async #read(
    { tenant, slot: from, key }: Place,
    { width, limit }: { width: number; limit: number },
    entries: Suppression[],
  ): Promise<Place> {
    const count = Math.min(width, slots - from);
    const asked = Array.from({ length: count }, (_, i) =>
      this.#slot({ tenant, slot: from + i, key: i === 0 ? key : "" }, limit),
    );
    const now = this.#clock.now();
    let left = limit;
    for (const [i, rows] of (await Promise.all(asked)).entries()) {
      const slot = from + i;
      const taken = rows.slice(0, left);
      left -= taken.length;
      const last = taken.at(-1)?.key ?? "";
      entries.push(...taken.flatMap(({ entry }) => entry).filter((it) => isInForce(it, now)));
      // What was not read to its end, or not taken, is where to go on.
      if (taken.length < rows.length || rows.length === limit) return { tenant, slot, key: last };
      if (left === 0) return { tenant, slot: slot + 1, key: "" };
    }
    return { tenant, slot: from + count, key: "" };
  }

  async #slot({ tenant, slot, key }: Place, limit: number) {
    const statement = { query: walkCql, params: [tenant, slot, key, limit] };
    const rows = await this.#requests.read(this.#requests.callTime(), statement);
    return rows.map((row): { key: string; entry: readonly Suppression[] } => ({
      key: row.key,
      entry: row.listed === true ? [JSON.parse(row.record)] : [],
    }));
  }

  /** From this one on; "" is everybody. */
  async tenants(from: string): Promise<readonly string[]> {
    const tenants: string[] = [];
    const statement = { query: tenantsCql, params: [everywhere, from] };
    const time = () => this.#requests.callTime();
    for await (const page of this.#requests.pages(time, statement, rowsFetched)) {
      tenants.push(...page.map(({ tenant }): string => tenant));
    }
    return tenants;
  }
}

const rowsFetched = 1_000;

/** A tenant has no blank in its name. */
function placeOf(after: string | undefined): Place {
  const [, tenant = "", slot = "0", key = ""] = /^(\S*) (\d+) (.*)$/s.exec(after ?? "") ?? [];
  return { tenant, slot: Number(slot), key };
}

function textOf({ tenant, slot, key }: Place): string {
  return `${tenant} ${slot} ${key}`;
}

const tenantsCql = "SELECT tenant FROM suppression_tenant WHERE everywhere = ? AND tenant >= ?";
const walkCql =
  "SELECT key, listed, record FROM suppression " +
  "WHERE tenant = ? AND slot = ? AND key > ? LIMIT ?";
