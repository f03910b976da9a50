/** The rows of the suppression tables in memory, and a client that understands what is asked of them. */
import type { Client, types } from "cassandra-driver";
import type { SuppressionKey } from "#lib/suppression/suppression";

export interface ListedRow {
  readonly tenant: string;
  readonly slot: number;
  readonly key: string;
  readonly listed: boolean;
  readonly record: string;
  /** Microseconds. */
  readonly written: number;
}

export class SuppressionRows {
  readonly listed: ListedRow[] = [];
  readonly tenants: string[] = [];
  readonly news: { minute: number; at: number; tenant: string; key: string; expires: bigint }[] =
    [];
  reads = 0;

  /** In the way of who has the real ones. */
  readonly client: Pick<Client, "execute" | "batch"> = {
    execute: async (...asked: readonly unknown[]) => {
      const [query, params, options] = asked;
      this.reads += String(query).startsWith("SELECT") ? 1 : 0;
      return resultOf(this.#answer({ query, params }, options));
    },
    batch: async (...asked: readonly unknown[]) => {
      const [queries, options] = asked;
      for (const one of Array.isArray(queries) ? queries : []) this.#answer(one, options);
      return resultOf([]);
    },
  };

  put(tenant: string, slot: number, key: SuppressionKey, listed = true): void {
    const record = listed ? JSON.stringify({ key, tenant, reason: "by-hand", at: 1 }) : "";
    this.listed.push({ tenant, slot, key, listed, record, written: 1 });
    if (!this.tenants.includes(tenant)) this.tenants.push(tenant);
    this.listed.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #answer(statement: unknown, options: unknown): readonly object[] {
    const { query, params }: { query: string; params: readonly unknown[] } = Object(statement);
    const [a, b, c, d] = params;
    if (query.startsWith("SELECT tenant FROM suppression_tenant")) {
      return [...this.tenants]
        .sort()
        .flatMap((tenant) => (tenant >= String(b) ? [{ tenant }] : []));
    }
    if (query.includes("FROM suppression_news")) {
      return this.news.filter((it) => it.minute === a && it.at > Number(b));
    }
    if (query.startsWith("INSERT INTO suppression_news")) {
      const [minute, at, expires] = [Number(a), Number(b), BigInt(Number(params[4]))];
      this.news.push({ minute, at, tenant: String(c), key: String(d), expires });
      return [];
    }
    if (query.startsWith("INSERT INTO suppression_tenant")) {
      this.tenants.push(String(b));
      return [];
    }
    const inSlot = this.listed.filter((it) => it.tenant === a && it.slot === b);
    if (query.includes("writetime")) {
      return inSlot.filter((it) => Array.isArray(c) && c.includes(it.key));
    }
    if (query.includes("key > ?"))
      return inSlot.filter((it) => it.key > String(c)).slice(0, Number(d));
    if (query.includes("key = ?")) return inSlot.filter((it) => it.key === c);
    const { timestamp: written } = Object(options);
    const old = this.listed.findIndex((it) => it.tenant === a && it.slot === b && it.key === c);
    if (old !== -1 && (this.listed[old]?.written ?? 0) >= written) return [];
    if (old !== -1) this.listed.splice(old, 1);
    const row = { tenant: String(a), slot: Number(b), key: String(c), written };
    this.listed.push({ ...row, listed: d === true, record: String(params[4]) });
    return [];
  }
}

/** What a reader of pages looks at. */
function resultOf(rows: readonly object[]): types.ResultSet {
  return { rows } as unknown as types.ResultSet;
}
