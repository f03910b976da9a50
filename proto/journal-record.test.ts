import { expect, test } from "bun:test";
import { epoch, eventOf, newUnit } from "../test/conformance/fixtures.ts";
import { bytesOf, hexOf } from "../test/support/records.ts";
import { encodeEvents } from "./event.ts";
import { decodeJournalRecord, encodeSeal, isSeal } from "./journal-record.ts";
import { encodeRecord, UndecodableRecord } from "./record.ts";

const seal = { by: "w2/01J", at: epoch };
const golden = "84a17601a47365616cc3a26279a677322f30314aa26174cf000001a1ee565e00";

test("the bytes of a seal do not change", () => {
  expect(hexOf(encodeSeal(seal))).toBe(golden);
  expect(decodeJournalRecord(bytesOf(golden))).toEqual({ kind: "seal", seal });
});

test("events are events", () => {
  const events = [eventOf(newUnit()), eventOf(newUnit())];
  const bytes = encodeEvents(events);
  expect(isSeal(bytes)).toBe(false);
  expect(decodeJournalRecord(bytes)).toEqual({ kind: "events", events });
  expect(isSeal(encodeEvents([]))).toBe(false);
});

/** A seal ends a journal, whatever else a newer version wrote into it. */
test("a newer seal is a seal", () => {
  const newer = encodeRecord({ v: 2, seal: true, ...seal, why: "x" });
  expect(decodeJournalRecord(newer).kind).toBe("seal");
});

test("a map that is no seal is refused", () => {
  expect(() => decodeJournalRecord(encodeRecord({ v: 1 }))).toThrow(UndecodableRecord);
});
