import { describe, expect, test } from "bun:test";
import type { UnitEvent } from "#lib/queue/event";
import { replyTextMax } from "#lib/smtp/reply";
import { bytesOf, destination, hexOf, shard, uid } from "../test/support/records.ts";
import { decodeEvents, encodeEvents } from "./event.ts";
import { decodeRecord, encodeRecord, readArray, UndecodableRecord } from "./record.ts";

const delivered: UnitEvent = {
  at: 1_795_000_000_000,
  shard: shard(3),
  sequence: 12_345,
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
  destination: destination("example.com"),
  disposition: "delivered",
  recipients: [
    {
      path: "b@example.com",
      outcome: "delivered",
      code: 250,
      status: "2.0.0",
      text: "2.0.0 queued",
    },
  ],
  attempt: 1,
  remote: "mx1.example.com[192.0.2.1]",
  tls: "TLSv1.3",
  durationMs: 12.5,
};

const deferred: UnitEvent = {
  at: 1_795_000_000_001,
  shard: shard(0),
  sequence: 0,
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.17"),
  destination: destination("[192.0.2.1]"),
  disposition: "deferred",
  recipients: [{ path: "b@[192.0.2.1]", outcome: "transient", text: "connection refused" }],
  attempt: 2,
  nextAttemptAt: 1_795_000_300_000,
};

const golden =
  "9201929ccf000001a1ee565e0003cd3039bc30314a4446385a35543041424344454647484a4b4d4e50515253" +
  "2e30ab6578616d706c652e636f6d00019195ad62406578616d706c652e636f6d00ccfaa5322e302e30ac322e" +
  "302e3020717565756564ba6d78312e6578616d706c652e636f6d5b3139322e302e322e315da7544c5376312e" +
  "33cb4029000000000000c09ccf000001a1ee565e010000bd30314a4446385a35543041424344454647484a4b" +
  "4d4e505152532e3137ab5b3139322e302e322e315d02029195ad62405b3139322e302e322e315d01c0c0b263" +
  "6f6e6e656374696f6e2072656675736564c0c0c0cf000001a1ee5af1e0";

describe("encodeEvents()", () => {
  test("writes a batch as it always did", () => {
    expect(hexOf(encodeEvents([delivered, deferred]))).toBe(golden);
    expect(decodeEvents(bytesOf(golden))).toEqual([delivered, deferred]);
  });

  test("writes what befell a hundred recipients, at the most words, as one message of JetStream", () => {
    const text = "\ufffd".repeat(replyTextMax);
    const recipients = Array.from({ length: 100 }, (_, n) => {
      const path = `${n}${"x".repeat(62)}@${"x".repeat(63)}.${"y".repeat(120)}.example`;
      return { path, outcome: "permanent", code: 550, status: "5.1.1", text } as const;
    });
    expect(encodeEvents([{ ...delivered, recipients }]).length).toBeLessThan(1_000_000);
  });

  test("carries that a recipient was suppressed", () => {
    const [recipient] = delivered.recipients;
    if (recipient === undefined) throw new Error("there is one");
    const suppressed = { ...recipient, outcome: "permanent", isSuppressed: true } as const;
    const event = { ...delivered, recipients: [suppressed, recipient] };
    expect(decodeEvents(encodeEvents([event]))).toEqual([event]);
  });

  test("writes uids as plain text, for a trace to find", () => {
    expect(Buffer.from(encodeEvents([deferred])).includes(deferred.uid)).toBe(true);
  });

  test.each([
    "delivered",
    "failed",
    "deferred",
    "spilled",
    "parked",
    "cancelled",
    "duplicate",
  ] as const)("carries the disposition %p", (disposition) => {
    const event = { ...deferred, disposition };
    expect(decodeEvents(encodeEvents([event]))).toEqual([event]);
  });
});

/** The batch of one event with one of its values exchanged. */
function withValue(index: number, value: unknown): Uint8Array {
  const [version, events] = readArray(decodeRecord(encodeEvents([delivered]), "events"), "events");
  const event = [...readArray(readArray(events, "events")[0], "event")];
  event[index] = value;
  return encodeRecord([version, [event]]);
}

describe("decodeEvents()", () => {
  test("reads an empty batch", () => {
    expect(decodeEvents(encodeEvents([]))).toEqual([]);
  });

  test("ignores values that a newer version added behind ours", () => {
    expect(decodeEvents(withValue(12, "egress-7"))).toEqual([delivered]);
  });

  test.each([0, 2, null])("refuses version %p", (version) => {
    expect(() => decodeEvents(encodeRecord([version, []]))).toThrow(UndecodableRecord);
  });

  const faults: [string, number, unknown][] = [
    ["a time that is text", 0, "now"],
    ["a negative shard", 1, -1],
    ["a fractional sequence", 2, 0.5],
    ["a uid that is none", 3, "x"],
    ["a destination that is none", 4, ""],
    ["an unknown disposition", 5, 99],
    ["an attempt that is text", 6, "1"],
    ["recipients that are no list", 7, 1],
    ["a recipient that is no list", 7, ["b@example.com"]],
    ["an unknown outcome", 7, [["b@example.com", 9, 250, "2.0.0", ""]]],
    ["a status that is none", 7, [["b@example.com", 0, 250, "2.0", ""]]],
    ["a remote that is a number", 8, 1],
    ["a negative duration", 10, -1],
    ["a next attempt that is text", 11, "soon"],
  ];
  test.each(faults)("refuses %s", (_, index, value) => {
    expect(() => decodeEvents(withValue(index, value))).toThrow(UndecodableRecord);
  });
});
