import { describe, expect, test } from "bun:test";
import { epochOf } from "#lib/leases/leases";
import { bytesOf, hexOf, incarnation } from "../test/support/records.ts";
import { decodeLease, decodeMember, encodeLease, encodeMember } from "./lease.ts";
import { encodeRecord, UndecodableRecord } from "./record.ts";

const [one, two] = [incarnation("w1/1"), incarnation("w2/1")];
const member = { incarnation: one, standing: "leaving" } as const;
const owned = {
  epoch: epochOf(7),
  owner: one,
  checkpoint: {
    floor: 41,
    journals: [
      { writer: two, position: 5 },
      { writer: one, position: 300 },
    ],
  },
};

describe("a member", () => {
  test("is written in bytes that do not change", () => {
    expect(hexOf(encodeMember(member))).toBe("9301a477312f3101");
    expect(decodeMember(bytesOf("9301a477312f3100"))).toEqual({ ...member, standing: "staying" });
  });

  test("is read from a newer version that says more", () => {
    expect(decodeMember(encodeRecord([1, "w1/1", 1, "2.0.0"]))).toEqual(member);
  });
});

describe("a lease", () => {
  test("is written in bytes that do not change", () => {
    expect(hexOf(encodeLease(owned))).toBe(
      "940107a477312f319229929" + "2a477322f310592a477312f31cd012c",
    );
    expect(hexOf(encodeLease({ epoch: epochOf(1) }))).toBe("940101c0c0");
    const limits = new Uint8Array([7]);
    const released = { epoch: epochOf(1), checkpoint: { floor: 3, journals: [], limits } };
    expect(hexOf(encodeLease(released))).toBe("940101c0940390c0c40107");
  });

  test.each([
    ["owned", owned],
    ["claimed, and nothing done yet", { epoch: epochOf(1), owner: two }],
    ["released", { epoch: epochOf(9), checkpoint: { floor: 0, journals: [] } }],
    [
      "released in good order",
      { epoch: epochOf(9), checkpoint: { floor: 4, journals: [], suspectThrough: 4 } },
    ],
    [
      "of a log that is known",
      { epoch: epochOf(9), checkpoint: { floor: 4, journals: [], log: "2026-11-28T10:00:00Z" } },
    ],
    [
      "released with its limits",
      {
        epoch: epochOf(9),
        checkpoint: { floor: 4, journals: [], limits: new Uint8Array([1, 2, 3]) },
      },
    ],
  ])("is read as it was written: %s", (_, lease) => {
    expect(decodeLease(encodeLease(lease))).toEqual(lease);
  });

  test("is read from a newer version that says more", () => {
    const value = [1, 1, "w2/1", [3, [["w2/1", 4, "more"]], null, null, null, "more"], "more"];
    expect(decodeLease(encodeRecord(value))).toEqual({
      epoch: epochOf(1),
      owner: two,
      checkpoint: { floor: 3, journals: [{ writer: two, position: 4 }] },
    });
  });
});

test.each([
  ["another version", [2, 1, null, null]],
  ["an epoch that is none", [1, -1, null, null]],
  ["an owner without a life", [1, 1, "w1", null]],
  ["an owner without a name", [1, 1, "/1", null]],
  ["a checkpoint that is none", [1, 1, null, 4]],
  ["a mark that is none", [1, 1, null, [0, [[1, "w/1"]]]]],
  ["no array", { epoch: 1 }],
])("%s is refused", (_, value) => {
  expect(() => decodeLease(encodeRecord(value))).toThrow(UndecodableRecord);
});

test("a member without a standing that is known is refused", () => {
  expect(() => decodeMember(encodeRecord([1, "w1/1", 2]))).toThrow(UndecodableRecord);
});
