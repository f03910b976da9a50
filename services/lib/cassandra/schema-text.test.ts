import { expect, test } from "bun:test";
import { readSchema } from "./schema-text.ts";

const file = new URL("../../../proto/schema.cql", import.meta.url);
const tables = readSchema(await Bun.file(file).text());

test("a table is read with its columns and its key", () => {
  const [table] = readSchema(`
    -- A comment; with a semicolon.
CREATE TABLE IF NOT EXISTS wheel (
  shard smallint, -- of it
  due timestamp,
  names frozen<map<text, tinyint>>,
  PRIMARY KEY ((shard), due)
) WITH default_time_to_live = 5;
`);
  expect(table?.name).toBe("wheel");
  expect(table?.key).toBe("((shard), due)");
  expect([...(table?.columns ?? [])]).toEqual([
    ["shard", "smallint"],
    ["due", "timestamp"],
    ["names", "frozen<map<text, tinyint>>"],
  ]);
});

test("what is no table is refused", () => {
  expect(() => readSchema("DROP TABLE unit;")).toThrow('Cannot read schema: "DROP TABLE unit"');
});

test.each(tables.map((table) => [table.name, table] as const))(
  "%s has a key of its own columns",
  (_, { columns, key }) => {
    const names = key.match(/\w+/g) ?? [];
    expect(names.filter((name) => !columns.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
  },
);

test("what is compacted by time windows has a lifetime: one row without any would pin its window", () => {
  const pinned = tables.filter(
    ({ statement }) =>
      statement.includes("TimeWindow") && !/default_time_to_live = [1-9]/.test(statement),
  );
  expect(pinned.map(({ name }) => name)).toEqual([]);
});

test("nothing needs counters, secondary indexes or views", () => {
  expect(tables.filter(({ statement }) => /counter|INDEX|VIEW/.test(statement))).toEqual([]);
});
