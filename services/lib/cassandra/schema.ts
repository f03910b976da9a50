/**
 * Keyspace and tables: made where they are absent, compared where they are there. What would lose mail
 * is refused: nothing is ever dropped, replaced, or copied fewer times.
 */
import type { Client, types } from "cassandra-driver";
import type { SchemaReport } from "#lib/schema-report";
import type { CassandraOptions } from "./driver/connection.ts";
import { withClient } from "./driver/visit.ts";
import { readSchema, type WantedTable } from "./schema-text.ts";

export interface TablesOptions extends CassandraOptions {
  /** Copies of each row: in the local data centre, or by data centre. */
  readonly replication: number | Readonly<Record<string, number>>;
}

const schemaFile = new URL("../../../proto/schema.cql", import.meta.url);

interface Difference {
  readonly what: string;
  /** What mends it, and what is to be said then; absent: only an operator can decide this. */
  readonly mending?: { readonly statement: string; readonly said: string };
}

/** Makes what is missing. Idempotent. @throws {StoreUnavailable} */
export function applyTables(options: TablesOptions): Promise<SchemaReport> {
  return withClient(options, async (client) => {
    const all = await differences(client, options);
    const changes: string[] = [];
    for (const { mending } of all) {
      if (mending === undefined) continue;
      // One at a time: nodes that make tables at once disagree about them.
      await client.execute(mending.statement, [], { prepare: false });
      changes.push(mending.said);
    }
    const refused = all.filter(({ mending }) => mending === undefined);
    return { changes, refusals: refused.map(({ what }) => what) };
  });
}

/** What differs from what this program needs. @throws {StoreUnavailable} */
export function checkTables(options: TablesOptions): Promise<SchemaReport> {
  return withClient(options, async (client) => {
    const all = await differences(client, options);
    return { changes: all.map(({ what }) => what), refusals: [] };
  });
}

async function differences(client: Client, options: TablesOptions): Promise<readonly Difference[]> {
  const tables = readSchema(await Bun.file(schemaFile).text());
  const found = await readColumns(client, options.keyspace);
  return [
    ...(await keyspaceDifferences(client, options)),
    ...tables.flatMap((table) => tableDifferences(table, found.get(table.name), options.keyspace)),
  ];
}

async function keyspaceDifferences(
  client: Client,
  { keyspace, localDataCenter, replication }: TablesOptions,
): Promise<readonly Difference[]> {
  const wanted = typeof replication === "number" ? { [localDataCenter]: replication } : replication;
  const query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
  const row: types.Row | null = (await client.execute(query, [keyspace])).first();
  if (row === null) {
    const copies = Object.entries(wanted).map(([centre, n]) => `, '${centre}': ${n}`);
    const options = `{'class': 'NetworkTopologyStrategy'${copies.join("")}}`;
    const statement = `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${options}`;
    const said = `made keyspace ${keyspace}`;
    return [{ what: `keyspace ${keyspace} is missing`, mending: { statement, said } }];
  }
  const found: Readonly<Record<string, string>> = row.replication;
  return Object.entries(wanted).flatMap(([centre, n]) => {
    const copies = found[centre] ?? "0";
    if (copies === String(n)) return [];
    return [{ what: replicationFault({ keyspace, centre, copies, wanted: n }) }];
  });
}

function replicationFault(at: {
  readonly keyspace: string;
  readonly centre: string;
  readonly copies: string;
  readonly wanted: number;
}): string {
  const { keyspace, centre, copies, wanted } = at;
  return (
    `keyspace ${keyspace} has ${copies} copies in ${centre}, ${wanted} are wanted: ` +
    "change it by ALTER KEYSPACE, and repair it, before it is relied on"
  );
}

/** Columns of each table of the keyspace. */
async function readColumns(client: Client, keyspace: string) {
  const query =
    "SELECT table_name, column_name, kind, position, type FROM system_schema.columns " +
    "WHERE keyspace_name = ?";
  const { rows } = await client.execute(query, [keyspace], { fetchSize: 5_000 });
  return Map.groupBy(rows, ({ table_name }): string => table_name);
}

function tableDifferences(
  table: WantedTable,
  found: readonly types.Row[] | undefined,
  keyspace: string,
): readonly Difference[] {
  const { name } = table;
  if (found === undefined) {
    const statement = table.statement.replace(`EXISTS ${name}`, `EXISTS ${keyspace}.${name}`);
    const said = `made table ${name}`;
    return [{ what: `table ${name} is missing`, mending: { statement, said } }];
  }
  const key = keyOf(found);
  if (key !== table.key) {
    return [{ what: `table ${name} has the key ${key}, ${table.key} is needed` }];
  }
  const types = new Map(found.map((row): [string, string] => [row.column_name, row.type]));
  return [...table.columns].flatMap(([column, type]): Difference[] => {
    const there = types.get(column);
    const what = `column ${name}.${column}`;
    if (there === undefined) {
      const statement = `ALTER TABLE ${keyspace}.${name} ADD ${column} ${type}`;
      return [{ what: `${what} is missing`, mending: { statement, said: `added ${what}` } }];
    }
    return there === type ? [] : [{ what: `${what} is of type ${there}, ${type} is needed` }];
  });
}

/** As `proto/schema.cql` writes it. */
function keyOf(columns: readonly types.Row[]): string {
  const named = (kind: string) =>
    columns
      .filter((row) => row.kind === kind)
      .sort((a, b) => a.position - b.position)
      .map(({ column_name }): string => column_name);
  const partition = `(${named("partition_key").join(", ")})`;
  return `(${[partition, ...named("clustering")].join(", ")})`;
}
