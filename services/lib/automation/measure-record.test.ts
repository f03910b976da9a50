import { describe, expect, test } from "bun:test";
import { measureOf } from "../../../test/support/automation/rules.ts";
import type { MeasureEffect } from "./measure.ts";
import { decodeMeasure, encodeMeasure } from "./measure-record.ts";

describe("a record", () => {
  test.each<MeasureEffect>([
    { kind: "hold" },
    { kind: "limit", limit: { kind: "messages", rate: { amount: 5, periodMs: 1_000, burst: 2 } } },
    { kind: "limit", limit: { kind: "connections", max: 3 } },
    { kind: "limit", limit: { kind: "recipientsPerTransaction", max: 9 } },
    { kind: "skipHost", host: "mx1.example" },
    { kind: "changeSource" },
    { kind: "fail" },
  ])("of %p is read as it was written", (effect) => {
    const measure = measureOf({ effect });
    expect(decodeMeasure(encodeMeasure(measure))).toEqual(measure);
  });

  test.each<[string, object]>([
    ["an action", { effect: { kind: "explode" } }],
    ["a kind of limit", { effect: { kind: "limit", limit: { kind: "colours", max: 3 } } }],
    ["a dimension of its scope", { scope: { provider: "google", planet: "mars" } }],
  ])("with %s that this version does not know is left to whoever does", (_, overrides) => {
    const record = JSON.stringify({ ...measureOf(), ...overrides });
    expect(decodeMeasure(record)).toBeUndefined();
  });

  test("may have further fields", () => {
    const record = JSON.stringify({ ...measureOf(), mood: "grim" });
    expect(decodeMeasure(record)).toEqual(measureOf());
  });
});
