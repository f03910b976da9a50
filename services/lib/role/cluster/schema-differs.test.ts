import { expect, test } from "bun:test";
import { checkReport, SchemaDiffers } from "./schema-differs.ts";

test("what is as it should be says nothing", () => {
  expect(() => checkReport("NATS", { changes: [], refusals: [] })).not.toThrow();
});

test("every difference is told, and what to do", () => {
  const report = { changes: ["table unit is missing"], refusals: ["table hold has the key (a)"] };
  expect(() => checkReport("Cassandra", report)).toThrow(
    new SchemaDiffers(
      [
        "What stands in Cassandra differs from what this Godwit needs:",
        "  table unit is missing",
        "  table hold has the key (a)",
        "It is made and changed by: godwit schema apply",
      ].join("\n"),
    ),
  );
});

test("of very many some are told", () => {
  const changes = Array.from({ length: 30 }, (_, n) => `stream Q${n} is missing`);
  expect(() => checkReport("NATS", { changes, refusals: [] })).toThrow("and 10 more");
});
