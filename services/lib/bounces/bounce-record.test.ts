import { expect, test } from "bun:test";
import { bounceOf } from "../../../test/support/bounces.ts";
import { isBounceClass } from "./bounce-class.ts";
import { bounceRecord, readBounceRecord } from "./bounce-record.ts";

test("a record is read as it was", () => {
  const bounce = bounceOf({ tenant: "acme", campaign: "spring", text: "\u0000 \ufffd" });
  expect(readBounceRecord(bounceRecord(bounce))).toEqual(bounce);
});

test.each([
  ["5.1.1", "failed"],
  ["5.4.7", "expired"],
] as const)("one of before classes, with status %s, is %s and has none", (status, kind) => {
  const { kind: _, class: __, rule: ___, attempt: ____, ...before } = bounceOf({ status });
  const read = readBounceRecord(JSON.stringify(before));
  expect(read).toEqual({ ...before, kind, class: "unknown", rule: "none", attempt: 0 });
  expect(isBounceClass(read.class)).toBe(true);
  expect(isBounceClass("bad-luck")).toBe(false);
});
