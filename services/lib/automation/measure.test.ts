import { expect, test } from "bun:test";
import { measureId, scopeValues } from "./measure.ts";

test("an id is the same for the same measure only, and can be typed", () => {
  const of = { rule: "slow-down", index: 0, scope: { provider: "google" } };
  const id = measureId(of);
  expect(id).toMatch(/^[0-9a-z]{12}$/);
  expect(measureId({ ...of })).toBe(id);
  const others = [
    { ...of, rule: "slow-dow" },
    { ...of, index: 1 },
    { ...of, scope: { provider: "googl" } },
    { ...of, scope: { destination: "google" } },
    { ...of, scope: {} },
    { ...of, host: "mx1.example" },
  ];
  expect(new Set([id, ...others.map(measureId)]).size).toBe(7);
});

test("of a hundred thousand no two have the same", () => {
  const ids = new Set<string>();
  for (let n = 0; n < 100_000; n++) {
    ids.add(measureId({ rule: "r", index: 0, scope: { destination: `d${n}.example` } }));
  }
  expect(ids.size).toBe(100_000);
});

test("a scope takes its values from a subject that has them all", () => {
  const subject = { provider: "google", source: "ip1" };
  expect(scopeValues(["provider"], subject)).toEqual({ provider: "google" });
  expect(scopeValues([], subject)).toEqual({});
  expect(scopeValues(["provider", "tenant"], subject)).toBeUndefined();
  expect(scopeValues(["provider", "source"], { provider: "google" })).toEqual({
    provider: "google",
  });
});
