import { describe, expect, test } from "bun:test";
import { AssertionError } from "#lib/assert";
import {
  type CapLimit,
  type CountedLimit,
  type Dimension,
  isShared,
  keyOf,
  smallestCap,
} from "./limit.ts";

function limit(scope: readonly Dimension[], name = "google"): CountedLimit {
  return { name, kind: "connections", max: 1, scope, provenance: "shaping.yaml:1" };
}

describe("a key", () => {
  test("has the values of the scope, in an order of its own", () => {
    const subject = { destination: "a.example", provider: "google", source: "s1", tenant: "t" };
    const key = keyOf(limit(["source", "provider"]), subject);
    expect(key).toBe("connections 6:google provider 6:google source 2:s1");
    expect(keyOf(limit(["provider", "source"]), subject)).toBe(key);
  });

  test("is missing where a value is: the limit does not apply", () => {
    expect(keyOf(limit(["destination", "campaign"]), { destination: "a.example" })).toBeUndefined();
  });

  const different: [string, CountedLimit, CountedLimit][] = [
    ["name", limit(["tenant"]), limit(["tenant"], "yahoo")],
    ["scope", limit(["tenant"]), limit(["campaign"])],
    ["combination", limit(["tenant"]), limit(["tenant", "campaign"])],
    [
      "kind",
      limit(["tenant"]),
      { ...limit(["tenant"]), kind: "messages", rate: { amount: 1, periodMs: 1_000, burst: 1 } },
    ],
  ];
  test.each(different)("differs by %s", (_, one, other) => {
    const subject = { tenant: "x", campaign: "x" };
    expect(keyOf(one, subject)).not.toBe(keyOf(other, subject));
  });

  test("is not forged by what a submitter calls his campaign", () => {
    const both = limit(["tenant", "campaign"]);
    const forged = keyOf(both, { tenant: "a campaign 1:b", campaign: "c" });
    expect(forged).not.toBe(keyOf(both, { tenant: "a", campaign: "b campaign 1:c" }));
  });

  test("is of something", () => {
    expect(() => keyOf(limit([]), {})).toThrow(AssertionError);
  });
});

test("a limit is shared by several shards unless it is of a destination", () => {
  expect(isShared(limit(["provider"]))).toBe(true);
  expect(isShared(limit(["tenant", "source"]))).toBe(true);
  expect(isShared(limit(["destination"]))).toBe(false);
  expect(isShared(limit(["source", "destination"]))).toBe(false);
});

test("the smallest cap of a kind rules", () => {
  const cap = (kind: CapLimit["kind"], max: number): CapLimit => {
    return { kind, max, name: String(max), scope: ["destination"], provenance: "default" };
  };
  const limits = [
    cap("messagesPerConnection", 100),
    cap("recipientsPerTransaction", 10),
    cap("messagesPerConnection", 20),
  ];
  expect(smallestCap(limits, "messagesPerConnection")?.max).toBe(20);
  expect(smallestCap(limits, "recipientsPerTransaction")?.max).toBe(10);
  expect(smallestCap([], "messagesPerConnection")).toBeUndefined();
});
