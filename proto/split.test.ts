import { expect, test } from "bun:test";
import { bytesOf, hexOf } from "../test/support/records.ts";
import { encodeRecord, UndecodableRecord } from "./record.ts";
import { decodeSplit, decodeSplitProgress, encodeSplit, encodeSplitProgress } from "./split.ts";

const units = [bytesOf("81a17601"), bytesOf("c0")];
const golden = "82a17601a17592c40481a17601c401c0";

test("the bytes of a split do not change", () => {
  expect(hexOf(encodeSplit({ units }))).toBe(golden);
  expect(decodeSplit(bytesOf(golden)).units.map(hexOf)).toEqual(units.map(hexOf));
});

test("what a newer version added is passed over", () => {
  const newer = encodeRecord({ v: 1, u: units, later: [1] });
  expect(decodeSplit(newer).units).toHaveLength(2);
});

test.each([
  ["another version", { v: 2, u: units }],
  ["no units", { v: 1, u: [] }],
  ["units that are no bytes", { v: 1, u: ["x"] }],
  ["no map", [1]],
])("%s is refused", (_, value) => {
  expect(() => decodeSplit(encodeRecord(value))).toThrow(UndecodableRecord);
});

test("the bytes of a progress do not change, whatever came first", () => {
  expect(hexOf(encodeSplitProgress([2, 0]))).toBe("82a17601a164920002");
  expect(decodeSplitProgress(bytesOf("82a17601a164920002"))).toEqual(new Set([0, 2]));
});

test.each([
  ["another version", { v: 2, d: [0] }],
  ["places that are none", { v: 1, d: [-1] }],
  ["no places", { v: 1 }],
])("a progress with %s is refused", (_, value) => {
  expect(() => decodeSplitProgress(encodeRecord(value))).toThrow(UndecodableRecord);
});
