import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import { destination } from "../../../test/support/records.ts";
import { type Pool, Sources } from "./sources.ts";

const names = ["ip1", "ip2", "ip3"];

function setUp(pools: readonly Pool[], avoided: readonly string[] = []) {
  const clock = new VirtualClock();
  const state = { avoided, avoidance: 0, asked: 0 };
  const sources = new Sources({
    clock,
    config: {
      sources: names.map((name, n) => ({ name, egress: { address: `192.0.2.${n + 1}` } })),
      pools,
    },
    isAvoided({ source = "" }) {
      state.asked += 1;
      return state.avoided.includes(source);
    },
    avoidance: () => state.avoidance,
  });
  return { clock, sources, state };
}

const bulk: Pool = {
  name: "bulk",
  sources: [
    { name: "ip1", weight: 3 },
    { name: "ip2", weight: 1 },
  ],
  for: [{ tenant: "acme" }, { destination: "example.org" }],
};
const rest: Pool = { name: "rest", sources: [{ name: "ip3", weight: 1 }], for: [{}] };

const acme = (n: number) => unitOf({ uid: nthUid(n), tenant: "acme" });

describe("a pool", () => {
  test("is the one that mail names, else the first that is for it", () => {
    const { sources } = setUp([bulk, rest]);
    expect(sources.choose(unitOf(), undefined)).toBe("ip3");
    expect(sources.choose(unitOf({ pool: "rest", tenant: "acme" }), undefined)).toBe("ip3");
    expect(["ip1", "ip2"]).toContain(sources.choose(acme(1), undefined));
    expect(["ip1", "ip2"]).toContain(
      sources.choose(unitOf({ destination: destination("example.org") }), undefined),
    );
  });

  test("is none where nothing is said of one", () => {
    expect(setUp([bulk]).sources.choose(unitOf(), undefined)).toBe("");
    expect(setUp([]).sources.choose(acme(1), undefined)).toBe("");
  });

  test("gives each source its part", () => {
    const { sources } = setUp([bulk]);
    let first = 0;
    for (let n = 0; n < 4_000; n++) if (sources.choose(acme(n), undefined) === "ip1") first += 1;
    expect(first).toBeGreaterThan(2_850);
    expect(first).toBeLessThan(3_150);
  });

  test("gives a message the same source at each try", () => {
    const { sources } = setUp([bulk]);
    const chosen = Array.from({ length: 5 }, () => sources.choose(acme(7), undefined));
    expect(new Set(chosen).size).toBe(1);
  });

  test("uses another where a rule on replies wants that, if there is one", () => {
    const { sources } = setUp([bulk], ["ip1"]);
    for (let n = 0; n < 50; n++) expect(sources.choose(acme(n), undefined)).toBe("ip2");
    expect(setUp([bulk], ["ip1", "ip2"]).sources.choose(acme(1), undefined)).not.toBe("");
  });
});

describe("a source that cannot be used", () => {
  test("cools down while the others carry on, and longer at each failure in a row", async () => {
    const { clock, sources } = setUp([bulk]);
    const ofFirst = [1, 2, 3, 4, 5, 6]
      .map(acme)
      .find((unit) => sources.choose(unit, undefined) === "ip1");
    const unit = ofFirst ?? acme(1);
    expect([sources.failed("ip1", "not plumbed"), sources.failed("ip1", "again")]).toEqual([
      true,
      false,
    ]);
    expect(sources.broken("ip1")?.reason).toBe("not plumbed");
    expect(sources.choose(unit, undefined)).toBe("ip2");
    expect(sources.cooling).toEqual(["ip1"]);
    await clock.advance(10_000);
    expect(sources.cooling).toEqual([]);
    expect(sources.choose(unit, undefined)).toBe("ip1");
    sources.failed("ip1", "not plumbed");
    await clock.advance(10_000);
    expect(sources.choose(unit, undefined)).toBe("ip2");
    await clock.advance(10_000);
    sources.succeeded("ip1");
    sources.failed("ip1", "not plumbed");
    await clock.advance(10_000);
    expect(sources.choose(unit, undefined)).toBe("ip1");
  });

  test("keeps its mail when all are broken", () => {
    const { sources } = setUp([bulk]);
    const before = sources.choose(acme(3), undefined);
    sources.failed("ip1", "down");
    sources.failed("ip2", "down");
    expect(sources.choose(acme(3), undefined)).toBe(before);
  });
});

describe("what was chosen for a unit", () => {
  test("stands, and is not worked out again, until something that it stands on is another", () => {
    const { sources, state } = setUp([bulk]);
    const unit = acme(1);
    const first = sources.choose(unit, "p");
    const { asked } = state;
    expect([sources.choose(unit, "p"), state.asked]).toEqual([first, asked]);
    const second = first === "ip1" ? "ip2" : "ip1";
    state.avoided = [first];
    state.avoidance += 1;
    expect(sources.choose(unit, "p")).toBe(second);
    state.avoided = [];
    state.avoidance += 1;
    expect(sources.choose(unit, "p")).toBe(first);
    state.avoided = [first];
    expect(sources.choose(unit, "another provider")).toBe(second);
  });

  test("is another while its source is broken, and the same again behind that", () => {
    const { sources } = setUp([bulk]);
    const unit = acme(1);
    const first = sources.choose(unit, "p");
    sources.failed(first, "refused");
    expect(sources.choose(unit, "p")).not.toBe(first);
    sources.succeeded(first);
    expect(sources.choose(unit, "p")).toBe(first);
  });

  test("is chosen anew after a reload", () => {
    const { sources, state } = setUp([bulk]);
    const unit = acme(1);
    sources.choose(unit, "p");
    const { asked } = state;
    sources.reload();
    sources.choose(unit, "p");
    expect(state.asked).toBeGreaterThan(asked);
  });
});
