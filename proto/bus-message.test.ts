import { describe, expect, test } from "bun:test";
import { hexOf, incarnation, shard } from "../test/support/records.ts";
import {
  decodeAnswerPart,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  joinAnswer,
  partsMax,
  type Told,
} from "./bus-message.ts";
import { encodeRecord, UndecodableRecord } from "./record.ts";

const from = incarnation("w1/1");
const request = { verb: "status", arguments: { limit: 3, deep: [{ a: null }, true] } };
const answer: Told = { from, shards: [shard(2)], value: { units: ["a", "b"] } };

const partsOf = (told: Told, partBytesMax: number) =>
  (encodeAnswer(told, partBytesMax) ?? []).map(decodeAnswerPart);

describe("a request", () => {
  test("is written in bytes that do not change", () => {
    expect(hexOf(encodeRequest({ verb: "x", arguments: { a: 1 } }))).toBe("9301a17881a16101");
  });

  test("is read as it was written, and with more behind it", () => {
    expect(decodeRequest(encodeRequest(request))).toEqual(request);
    expect(decodeRequest(encodeRecord([1, "x", {}, "more"]))).toEqual({ verb: "x", arguments: {} });
  });

  test.each([
    ["another version", [2, "x", {}]],
    ["no verb", [1, 4, {}]],
    ["arguments that are none", [1, "x", [1]]],
    ["what JSON does not know", [1, "x", { a: new Uint8Array(1) }]],
  ])("%s is refused", (_, value) => {
    expect(() => decodeRequest(encodeRecord(value))).toThrow(UndecodableRecord);
  });

  test("nested without end is refused", () => {
    let value: unknown = 1;
    for (let n = 0; n < 40; n++) value = [value];
    expect(() => decodeRequest(encodeRecord([1, "x", { value }]))).toThrow("nested too deeply");
  });
});

describe("an answer", () => {
  test("is written in bytes that do not change", () => {
    const [bytes] = encodeAnswer({ from, shards: [shard(2)], value: 5 }, 100) ?? [];
    expect(hexOf(bytes ?? new Uint8Array())).toBe("9701a477312f31c291020001c40105");
  });

  test("comes in as many parts as it needs, in any order", () => {
    expect(joinAnswer(partsOf(answer, 1_000))).toEqual(answer);
    const parts = partsOf(answer, 4);
    expect(parts.length).toBe(3);
    expect(joinAnswer(parts.reverse())).toEqual(answer);
  });

  test("may say why there is none", () => {
    expect(joinAnswer(partsOf({ from, failure: "away" }, 3))).toEqual({ from, failure: "away" });
  });

  test("that needs too many parts is none", () => {
    expect(encodeAnswer({ from, shards: [], value: "x".repeat(partsMax) }, 1)).toBeUndefined();
  });

  test.each([
    ["a part behind the last", [1, "w/1", false, [], 1, 1, new Uint8Array()]],
    ["far too many parts", [1, "w/1", false, [], 0, 65, new Uint8Array()]],
    ["another version", [2, "w/1", false, [], 0, 1, new Uint8Array()]],
  ])("%s is refused", (_, value) => {
    expect(() => decodeAnswerPart(encodeRecord(value))).toThrow(UndecodableRecord);
  });
});
