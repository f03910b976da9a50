import { expect, test } from "bun:test";
import { bytesOf, hexOf } from "../test/support/records.ts";
import { bodyReferenceText, decodeFrame, encodeFrame, parseBodyReference } from "./frame.ts";
import { UndecodableRecord } from "./record.ts";

const record = bytesOf("0102");
const content = bytesOf("aabbcc");

test("the bytes of a frame do not change", () => {
  expect(hexOf(encodeFrame({ record, content }))).toBe("000000020102aabbcc");
  expect(hexOf(encodeFrame({ record, content: new Uint8Array() }))).toBe("000000020102");
});

test("a frame is read where it stands, and its content is not copied", () => {
  const around = bytesOf("ff000000020102aabbccff");
  const frame = decodeFrame(around.subarray(1, -1));
  expect([hexOf(frame.record), hexOf(frame.content)]).toEqual(["0102", "aabbcc"]);
  expect(frame.content.buffer).toBe(around.buffer);
});

test.each(["", "000000", "00000003aabb", "ffffffff00"])("%p is no frame", (hex) => {
  expect(() => decodeFrame(bytesOf(hex))).toThrow(UndecodableRecord);
});

test("a reference to content that stands apart", () => {
  expect(bodyReferenceText({ chunks: 50, units: 3 })).toBe("50/3");
  expect(parseBodyReference("50/3")).toEqual({ chunks: 50, units: 3 });
  // What a newer version adds behind it is left alone.
  expect(parseBodyReference("50/3;zstd")).toEqual({ chunks: 50, units: 3 });
});

test.each(["", undefined, "0/1", "1/0", "x", "1", "99999999/1", "2000000/1"])(
  "%p refers to nothing",
  (text) => {
    expect(parseBodyReference(text)).toBeUndefined();
  },
);
