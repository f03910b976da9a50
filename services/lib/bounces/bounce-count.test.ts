import { expect, test } from "bun:test";
import { bounceOf } from "../../../test/support/bounces.ts";
import { destination } from "../../../test/support/records.ts";
import { askedScope, dayMs, daysOf, scopesOf, summed } from "./bounce-count.ts";

const here = destination("example.com");

test("a bounce counts in every scope that it may be asked for in", () => {
  const bounce = bounceOf({ tenant: "acme", campaign: "spring" });
  const asked = [
    {},
    { destination: here },
    { tenant: "acme" },
    { campaign: "spring" },
    { tenant: "acme", campaign: "spring" },
  ];
  expect(scopesOf(bounce)).toEqual(asked.flatMap((it) => askedScope(it) ?? []));
  expect(scopesOf(bounceOf({})).map(({ scope }) => scope)).toEqual(["all", "destination"]);
});

test("a destination's share of a tenant is not counted", () => {
  expect(askedScope({ destination: here, tenant: "acme" })).toBeUndefined();
  expect(askedScope({ destination: here, campaign: "spring" })).toBeUndefined();
});

test("days are whole, and the end is exclusive", () => {
  expect(daysOf({ since: dayMs + 5, until: 3 * dayMs })).toEqual({ first: 1, last: 2 });
  expect(daysOf({ since: dayMs, until: 3 * dayMs + 1 })).toEqual({ first: 1, last: 3 });
  expect(daysOf({}).first).toBe(0);
});

test("what several counted is one sum a day and class", () => {
  const rows = [
    { day: 2, class: "quota", count: 1 },
    { day: 1, class: "virus", count: 5 },
    { day: 2, class: "quota", count: 2 },
    { day: 2, class: "policy", count: 4 },
  ] as const;
  expect(summed(rows)).toEqual([
    { day: dayMs, class: "virus", count: 5 },
    { day: 2 * dayMs, class: "policy", count: 4 },
    { day: 2 * dayMs, class: "quota", count: 3 },
  ]);
});
