/** How many rows Cassandra has written, by its own account: nobody else's can be forgotten. */
import { Client, types } from "cassandra-driver";
import { z } from "zod";

export interface CassandraPlace {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
}

/** By table. */
export type StoreWrites = Readonly<Record<string, number>>;

const keyspace = "godwit";
const query = "SELECT keyspace_name, table_name, count FROM system_views.local_write_latency";

const row = z.object({
  keyspace_name: z.string(),
  table_name: z.string(),
  count: z.coerce.number(),
});

/** Since the start of the node: of one node, since each has them all or none. */
export async function storeWrites({
  contactPoints,
  localDataCenter,
}: CassandraPlace): Promise<StoreWrites> {
  const client = new Client({
    contactPoints: contactPoints.slice(0, 1),
    localDataCenter,
    monitorReporting: { enabled: false },
    queryOptions: { consistency: types.consistencies.one },
  });
  try {
    const { rows } = await client.execute(query);
    const ours = rows.map((it) => row.parse(it)).filter((it) => it.keyspace_name === keyspace);
    return Object.fromEntries(ours.map((it) => [it.table_name, it.count]));
  } finally {
    await client.shutdown();
  }
}

/** What was written between the two, of the tables that were. */
export function writesBetween(before: StoreWrites, after: StoreWrites): StoreWrites {
  const grown = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}

/** Tables that say how far something has come, written now and then whatever the mail. */
const cursorTables: ReadonlySet<string> = new Set(["shard_cursor", "destination_queue", "hold"]);

/** Rows that were written for messages, and rows of cursors. */
export function writesByPurpose(writes: StoreWrites): {
  readonly mail: number;
  readonly cursors: number;
} {
  let [mail, cursors] = [0, 0];
  for (const [name, count] of Object.entries(writes)) {
    if (cursorTables.has(name)) cursors += count;
    else mail += count;
  }
  return { mail, cursors };
}
