import { describe, expect, test } from "bun:test";
import type { BoundLimit } from "#lib/limits/acquire";
import type { CountedLimit } from "#lib/limits/limit";
import { ShareTable } from "#lib/limits/share-table";
import { type InUse, isWorthAsking, newInUse, wantedOf } from "./in-use.ts";

const named = { name: "all", scope: ["provider"], provenance: "shaping.yaml:3" } as const;
const rate: CountedLimit = {
  ...named,
  kind: "messages",
  rate: { amount: 10, periodMs: 1_000, burst: 2 },
};
const connections: CountedLimit = { ...named, kind: "connections", max: 10 };
const nobody = { wanted: 0, largest: 0 };

function bound(limit: CountedLimit): BoundLimit {
  const [one] = new ShareTable("w/1").bind([limit], { provider: "p" });
  if (one === undefined) throw new Error("it applies");
  return one;
}

/** Asked at 10,000 for five. */
function inUse(limit: CountedLimit, of: Partial<InUse> = {}): InUse {
  return { ...newInUse(bound(limit)), askedAt: 10_000, askedFor: 5, askedLargest: 1, ...of };
}

describe("what is wanted", () => {
  test.each<
    [string, InUse, { now?: number; waits?: number; largest?: number; open?: number }, number]
  >([
    ["of a rate that nobody uses is nothing", inUse(rate), {}, 0],
    ["of a rate is what went in a second", inUse(rate, { spent: 50 }), { now: 12_500 }, 20],
    [
      "of a rate in its first second is all that went",
      inUse(rate, { spent: 5 }),
      { now: 10_100 },
      5,
    ],
    [
      "of a rate is twice of it and what waits, where it does",
      inUse(rate, { spent: 50 }),
      { now: 12_500, waits: 7 },
      47,
    ],
    ["of a rate is what something else was refused for", inUse(rate, { wished: 9 }), {}, 9],
    ["at first is what waits", newInUse(bound(rate)), { waits: 7 }, 7],
    ["of connections is what was open at once", inUse(connections, { peak: 3 }), { open: 1 }, 3],
    [
      "of connections is what is open, and what waits",
      inUse(connections, { peak: 3 }),
      { open: 4, waits: 2 },
      6,
    ],
  ])("%s", (_, use, { now = 12_500, waits = 0, largest = 1, open = 0 }, wanted) => {
    const waiting = { wanted: waits, largest };
    expect(wantedOf(use, { now, waiting, open }).wanted).toBe(wanted);
  });

  test("is told with the most that one decision costs", () => {
    const waiting = { wanted: 70, largest: 30 };
    const of = { now: 11_000, waiting, open: 0 };
    expect(wantedOf(inUse(rate, { largest: 20 }), of).largest).toBe(30);
    expect(wantedOf(inUse(rate, { largest: 40 }), of).largest).toBe(40);
    expect(wantedOf(inUse(rate), { ...of, waiting: nobody }).largest).toBe(1);
  });
});

describe("it is worth asking", () => {
  type Of = {
    sinceMs: number;
    waits?: number;
    largest?: number;
    open?: number;
    toTell?: number;
    room?: number;
  };
  const waiting = { waits: 5 };
  const wantedElsewhere = { isWantedElsewhere: true };
  test.each<[string, "valid" | "asked" | "none", Partial<InUse>, Of, boolean]>([
    ["when somebody waits and there is no share", "none", {}, { sinceMs: 500, ...waiting }, true],
    ["but not at once again", "none", {}, { sinceMs: 499, ...waiting }, false],
    ["at once when its turn has come", "none", { isTold: true }, { sinceMs: 1, ...waiting }, true],
    ["not for nobody", "none", { isTold: true }, { sinceMs: 9_000 }, false],
    ["for what is open", "none", {}, { sinceMs: 500, open: 1 }, true],
    ["for what else was refused", "none", { wished: 1 }, { sinceMs: 500 }, true],
    ["when the answer does not come", "asked", {}, { sinceMs: 500, ...waiting }, true],
    ["not while it may come", "asked", { isTold: true }, { sinceMs: 499, ...waiting }, false],
    ["to renew", "valid", { spent: 1 }, { sinceMs: 2_500 }, true],
    ["to give back", "valid", {}, { sinceMs: 2_500 }, true],
    ["not while a share is good", "valid", { spent: 1 }, { sinceMs: 2_499, waits: 4 }, false],
    ["for much more", "valid", {}, { sinceMs: 500, waits: 10 }, true],
    ["at once when the last one too many was closed", "valid", {}, { sinceMs: 1, toTell: 3 }, true],
    ["also when it has no share any more", "none", {}, { sinceMs: 1, toTell: 3 }, true],
    ["not for each that is closed", "valid", {}, { sinceMs: 499, toTell: 3, room: -1 }, false],
    ["but now and then", "valid", {}, { sinceMs: 500, toTell: 3, room: -1 }, true],
    ["not twice", "asked", {}, { sinceMs: 1, toTell: 3 }, false],
    [
      "at once when others want what nobody waits for",
      "valid",
      wantedElsewhere,
      { sinceMs: 1, room: 1 },
      true,
    ],
    ["not when there is none", "valid", wantedElsewhere, { sinceMs: 1 }, false],
    [
      "nor when it is waited for",
      "valid",
      wantedElsewhere,
      { sinceMs: 1, room: 1, ...waiting },
      false,
    ],
    ["for something larger", "valid", {}, { sinceMs: 500, waits: 2, largest: 2 }, true],
  ])("%s", (_, standing, of, at, isWorth) => {
    const { sinceMs, waits = 0, largest = 1, open = 0, toTell = 0, room = 0 } = at;
    const now = { now: 10_000 + sinceMs, waiting: { wanted: waits, largest }, open, standing };
    expect(isWorthAsking(inUse(rate, of), { ...now, toTell, room })).toBe(isWorth);
  });
});
