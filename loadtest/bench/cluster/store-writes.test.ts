import { expect, test } from "bun:test";
import { writesBetween, writesByPurpose } from "./store-writes.ts";

test("writesBetween() tells what grew, and tables that were not there before", () => {
  const before = { unit: 3, shard_cursor: 10 };
  const after = { unit: 3, shard_cursor: 12, content: 1 };
  expect(writesBetween(before, after)).toEqual({ shard_cursor: 2, content: 1 });
});

test("writesByPurpose() tells mail from cursors; a table it does not know counts as mail", () => {
  const writes = { shard_cursor: 16, destination_queue: 1, unit: 2, content: 2, new_table: 1 };
  expect(writesByPurpose(writes)).toEqual({ mail: 5, cursors: 17 });
});
