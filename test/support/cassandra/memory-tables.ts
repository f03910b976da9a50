/**
 * As much of a Cassandra as rows that are written whole and read by key need. It can do a write and
 * lose the answer, which a real one cannot be made to.
 */
import type { Connected } from "#lib/cassandra/driver/requests";
import { readSchema } from "#lib/cassandra/schema-text";
import { StoreUnavailable } from "#lib/store/store";

type Row = Record<string, unknown>;
type Client = Connected["client"];

const schema = readSchema(
  await Bun.file(new URL("../../../proto/schema.cql", import.meta.url)).text(),
);
const keys = new Map(schema.map(({ name, key }) => [name, key.match(/\w+/g) ?? []]));

export class MemoryTables {
  readonly #tables = new Map<string, Map<string, Row>>();
  /** What becomes of a write to a table; without it, it is done. */
  fate: (table: string) => "done" | "lost" | "undone" = () => "done";

  rows(table: string): readonly Row[] {
    return [...(this.#tables.get(table)?.values() ?? [])];
  }

  connected(): Connected {
    const client: Pick<Client, "execute" | "batch"> = Object.assign(Object.create(null), {
      execute: async (query: string, params: readonly unknown[]) => this.#execute(query, params),
      batch: async (queries: readonly { query: string; params: readonly unknown[] }[]) => {
        for (const { query, params } of queries) this.#execute(query, params);
        return { rows: [] };
      },
    });
    return { client };
  }

  #execute(query: string, params: readonly unknown[]): { readonly rows: readonly Row[] } {
    const [, inserted, columns = ""] = /^INSERT INTO (\w+) \(([^)]*)\)/.exec(query) ?? [];
    if (inserted !== undefined) {
      this.#insert(inserted, columns.split(", "), params);
      return { rows: [] };
    }
    const [, table = "", where = ""] = /FROM (\w+) WHERE (.*?)( LIMIT \?)?$/.exec(query) ?? [];
    const conditions = where.split(" AND ").map((it) => it.split(" "));
    const isMeant = (row: Row) =>
      conditions.every(([column = "", operator], i) => {
        const [value, wanted] = [row[column], params[i]];
        if (operator === "=") return value === wanted;
        return operator === ">="
          ? Number(value) >= Number(wanted)
          : Number(value) <= Number(wanted);
      });
    return { rows: this.rows(table).filter(isMeant) };
  }

  #insert(table: string, columns: readonly string[], params: readonly unknown[]): void {
    const fate = this.fate(table);
    const row = Object.fromEntries(columns.map((column, i) => [column, params[i]]));
    const key = JSON.stringify((keys.get(table) ?? []).map((column) => row[column]));
    const rows = this.#tables.get(table) ?? new Map<string, Row>();
    if (fate !== "undone") this.#tables.set(table, rows.set(key, { ...rows.get(key), ...row }));
    if (fate !== "done") throw new StoreUnavailable(`${table}: ${fate}`);
  }
}
