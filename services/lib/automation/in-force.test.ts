import { describe, expect, test } from "bun:test";
import { measureOf } from "../../../test/support/automation/rules.ts";
import { InForce } from "./in-force.ts";
import type { Measure } from "./measure.ts";

const subject = { destination: "a.example", provider: "google", source: "ip1", tenant: "acme" };

function inForce(...measures: Partial<Measure>[]): InForce {
  const made = new InForce();
  for (const [n, overrides] of measures.entries()) {
    const measure = measureOf({ id: `m${n}`, ...overrides });
    made.put({ measure, heardAt: 0, endsAt: 1_000 + n });
  }
  return made;
}

const idsOf = (found: InForce, kind: Measure["effect"]["kind"], whom = subject) =>
  found.binding(kind, whom).map(({ measure }) => measure.id);

describe("what binds a subject", () => {
  test.each<[string, Measure["scope"], boolean]>([
    ["everybody", {}, true],
    ["its provider", { provider: "google" }, true],
    ["another provider", { provider: "yahoo" }, false],
    ["all of several values", { provider: "google", source: "ip1" }, true],
    ["one of several values only", { provider: "google", source: "ip2" }, false],
    ["a value that it has none of", { campaign: "may" }, false],
  ])("%s", (_, scope, isBound) => {
    expect(idsOf(inForce({ scope }), "hold")).toEqual(isBound ? ["m0"] : []);
  });

  test("several of different scopes, and only of the kind that is asked for", () => {
    const found = inForce(
      { scope: { provider: "google" } },
      { scope: { tenant: "acme" } },
      { scope: { provider: "google" } },
      { scope: {}, effect: { kind: "changeSource" } },
    );
    expect(idsOf(found, "hold")).toEqual(["m0", "m2", "m1"]);
    expect(idsOf(found, "changeSource")).toEqual(["m3"]);
    expect(idsOf(found, "limit")).toEqual([]);
  });

  test("no name passes for two: values are told apart whatever they contain", () => {
    const found = inForce({ scope: { provider: "a tenant 1:b" } });
    expect(found.binding("hold", { provider: "a", tenant: "b" })).toEqual([]);
  });
});

describe("in its time", () => {
  test("one of the same id takes the place of the other", () => {
    const found = inForce({ id: "m", count: 1 }, { id: "m", count: 2 });
    expect(found.all.map(({ count }) => count)).toEqual([2]);
    expect(idsOf(found, "hold")).toEqual(["m"]);
  });

  test("those end whose time is over, and bind nobody any more", () => {
    const found = inForce({}, {}, {});
    expect(found.nextEndAt).toBe(1_000);
    expect(found.expire(1_001).map(({ id }) => id)).toEqual(["m0", "m1"]);
    expect([found.size, found.nextEndAt, idsOf(found, "hold")]).toEqual([1, 1_002, ["m2"]]);
    expect(found.expire(2_000)).toHaveLength(1);
    expect([found.size, found.nextEndAt]).toEqual([0, undefined]);
  });

  test("dropping what is not there changes nothing", () => {
    const found = inForce({});
    expect(found.drop("other")).toBeUndefined();
    expect(found.drop("m0")?.id).toBe("m0");
    expect(found.drop("m0")).toBeUndefined();
  });
});
