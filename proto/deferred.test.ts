import { describe, expect, test } from "bun:test";
import type { DeferredUnit } from "#lib/store/store";
import { bytesOf, destination, hexOf, path, uid } from "../test/support/records.ts";
import { decodeDeferred, encodeDeferred } from "./deferred.ts";
import { decodeRecord, encodeRecord, UndecodableRecord } from "./record.ts";

const untried: DeferredUnit = {
  unit: {
    uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
    destination: destination("example.com"),
    envelope: { reversePath: path("a@source.example"), body: "7bit", smtpUtf8: false },
    recipients: [{ path: path("b@example.com") }],
    lane: "n",
    acceptedAt: 1_795_000_000_000,
    expiresAt: 1_795_432_000_000,
    sizeBytes: 4_096,
    isNotification: false,
    unknown: { campaign: "spring" },
  },
  attempts: 0,
  generation: 1,
  place: { kind: "backlog" },
  isDelayNotified: false,
  last: {},
};

const tried: DeferredUnit = {
  ...untried,
  attempts: 3,
  generation: 4,
  place: { kind: "wheel", dueAt: 1_795_000_300_000 },
  isDelayNotified: true,
  last: {
    "b@example.com": {
      status: "4.2.2",
      code: 452,
      text: "mailbox full",
      remote: "mx1.example.com[192.0.2.1]",
      at: 1_795_000_000_500,
    },
    "c@example.com": { status: "4.4.1", text: "connection refused", at: 1_795_000_000_600 },
  },
};

test("a deferred unit keeps its labels", () => {
  const unit = { ...tried.unit, tenant: "acme", campaign: "spring", pool: "warm" };
  expect(decodeDeferred(encodeDeferred({ ...tried, unit }))).toEqual({ ...tried, unit });
});

const goldenUntried =
  "85a17601a175c48089a863616d706169676ea6737072696e67a17601a175bc30314a4446385a355430414243" +
  "44454647484a4b4d4e505152532e30a164ab6578616d706c652e636f6da166b06140736f757263652e657861" +
  "6d706c65a17291ad62406578616d706c652e636f6da161cf000001a1ee565e00a178cf000001a208162a00a1" +
  "7acd1000a16100a16701a16c80";
const goldenTried =
  "87a17601a175c48089a863616d706169676ea6737072696e67a17601a175bc30314a4446385a355430414243" +
  "44454647484a4b4d4e505152532e30a164ab6578616d706c652e636f6da166b06140736f757263652e657861" +
  "6d706c65a17291ad62406578616d706c652e636f6da161cf000001a1ee565e00a178cf000001a208162a00a1" +
  "7acd1000a16103a16704a170cf000001a1ee5af1e0a2646ec3a16c82ad62406578616d706c652e636f6d95cf" +
  "000001a1ee565ff4a5342e322e32ac6d61696c626f782066756c6ccd01c4ba6d78312e6578616d706c652e63" +
  "6f6d5b3139322e302e322e315dad63406578616d706c652e636f6d95cf000001a1ee566058a5342e342e31b2" +
  "636f6e6e656374696f6e2072656675736564c0c0";

describe("encodeDeferred()", () => {
  const cases: [string, DeferredUnit, string][] = [
    ["writes an untried unit as it always did", untried, goldenUntried],
    ["writes a tried unit as it always did", tried, goldenTried],
  ];
  test.each(cases)("%s", (_, deferred, golden) => {
    expect(hexOf(encodeDeferred(deferred))).toBe(golden);
    expect(decodeDeferred(bytesOf(golden))).toEqual(deferred);
  });
});

function withField(fields: Record<string, unknown>): Uint8Array {
  return encodeRecord({ ...Object(decodeRecord(encodeDeferred(tried), "deferred")), ...fields });
}

describe("decodeDeferred()", () => {
  test("ignores a field that a newer version added", () => {
    expect(decodeDeferred(withField({ zz: 1 }))).toEqual(tried);
  });

  const faults: [string, Record<string, unknown>][] = [
    ["an unknown version", { v: 2 }],
    ["a unit that is no bytes", { u: "x" }],
    ["a unit that is broken", { u: new Uint8Array([1, 2, 3]) }],
    ["negative attempts", { a: -1 }],
    ["a generation that is text", { g: "1" }],
    ["a due time that is text", { p: "soon" }],
    ["a delay flag that is a number", { dn: 1 }],
    ["outcomes that are a list", { l: [] }],
    ["an outcome without a status", { l: { "b@example.com": [1, null, "text"] } }],
  ];
  test.each(faults)("refuses %s", (_, fields) => {
    expect(() => decodeDeferred(withField(fields))).toThrow(UndecodableRecord);
  });
});
