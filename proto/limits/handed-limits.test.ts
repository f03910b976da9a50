import { describe, expect, test } from "bun:test";
import { bytesOf, hexOf } from "../../test/support/records.ts";
import { encodeRecord, UndecodableRecord } from "../record.ts";
import {
  decodeHandedLimits,
  encodeHandedLimits,
  type HandedHome,
  type HandedLimits,
} from "./handed-limits.ts";

const counts = {
  unpaid: [{ key: "k", aheadMs: 1_500.5, intervalMs: 20 }],
  crash: { agoMs: 70, demandMax: { newConnections: 1, messages: 1, recipients: 9, bytes: 5 } },
};
const holder = {
  ...{ name: "w1/1", number: 3, perMs: 0.05, claim: 2, want: 4, quantum: 1 },
  ...{ lapsesInMs: 5_000, waitedMs: undefined },
};
const home: HandedHome = {
  ownedForMs: 9_000,
  unheard: ["w2/1"],
  rates: [{ key: "r", perMs: 0.05, burst: 5, tokens: 1.5, holders: [holder] }],
  connections: [{ key: "c", max: 10, holders: [{ ...holder, perMs: 0, waitedMs: 20 }] }],
};
const hex =
  "9301929193a16bcb4097720000000000149246940101090594cd232891a477322f319195a172cb3fa99999" +
  "9999999a05cb3ff80000000000009198a477312f3103cb3fa999999999999a020401cd1388c09193a1630a" +
  "9198a477312f310300020401cd138814";

function encoded(handed: HandedLimits, bytesMax?: number): Uint8Array {
  return encodeHandedLimits(handed, bytesMax) ?? new Uint8Array();
}

describe("limits that are handed over", () => {
  test("are written in bytes that do not change", () => {
    expect(hexOf(encoded({ counts, home }))).toBe(hex);
    expect(decodeHandedLimits(bytesOf(hex))).toEqual({ counts, home });
  });

  test.each<[string, HandedLimits]>([
    ["a home that does not know whom to ask", { home: { ...home, unheard: undefined } }],
    ["counts alone, that know of no crash", { counts: { ...counts, crash: undefined } }],
  ])("are read as they were written: %s", (_, handed) => {
    expect(decodeHandedLimits(encoded(handed))).toEqual(handed);
  });

  test("of a lapsed share say that it lapses now", () => {
    const lapsed = { ...holder, lapsesInMs: -7 };
    const read = decodeHandedLimits(
      encoded({ home: { ...home, connections: [{ key: "c", max: 1, holders: [lapsed] }] } }),
    );
    expect(read.home?.connections[0]?.holders[0]?.lapsesInMs).toBe(0);
  });

  test("that are too large are left out: the counts first, then the home, then all", () => {
    const large = {
      unpaid: Array.from({ length: 500 }, () => counts.unpaid[0]).filter(isThere),
      crash: undefined,
    };
    const handed = { counts: large, home };
    expect(decodeHandedLimits(encoded(handed))).toEqual(handed);
    expect(decodeHandedLimits(encoded(handed, 1_000))).toEqual({ home });
    expect(encodeHandedLimits(handed, 50)).toBeUndefined();
    expect(decodeHandedLimits(encoded({ counts, home }, 70))).toEqual({ counts });
  });

  test("are read from a newer version that says more", () => {
    const unpaid = [[["k", 1, 2, "more"]], null, "more"];
    expect(decodeHandedLimits(encodeRecord([1, unpaid, null, "more"]))).toEqual({
      counts: { unpaid: [{ key: "k", aheadMs: 1, intervalMs: 2 }], crash: undefined },
    });
  });

  test.each([
    ["another version", [2, null, null]],
    ["counts that are none", [1, 5, null]],
    ["a debt that is none", [1, [[["k", -1, 2]], null], null]],
    ["a home without a time", [1, null, [null, [], [], []]]],
    ["a holder without a name", [1, null, [1, [], [["k", 1, 1, 1, [[5]]]], []]]],
  ])("%s is refused", (_, value) => {
    expect(() => decodeHandedLimits(encodeRecord(value))).toThrow(UndecodableRecord);
  });
});

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
