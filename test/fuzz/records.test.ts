/**
 * What outlives a process may have rotted: it is read as a record, or refused as one to be parked.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { UnitEvent } from "#lib/queue/event";
import type { Unit } from "#lib/queue/unit";
import type { DeferredUnit } from "#lib/store/store";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import { decodeEvents, encodeEvents } from "#proto/event";
import { UndecodableRecord } from "#proto/record";
import { decodeUnit, encodeUnit } from "#proto/unit";
import { fuzzing } from "../support/fuzz.ts";
import { changes, mangled } from "../support/mangling.ts";
import { destination, path, shard, uid } from "../support/records.ts";

const unit: Unit = {
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
  destination: destination("example.com"),
  envelope: {
    reversePath: path("a@source.example"),
    ret: "headers",
    envid: "QQ314159",
    body: "8bitmime",
    smtpUtf8: true,
  },
  recipients: [
    { path: path("b@example.com"), notify: ["success", "delay"] },
    { path: path("δοκιμή@example.com"), orcpt: "rfc822;b@example.com" },
  ],
  lane: "h",
  tenant: "acme",
  acceptedAt: 1_795_000_000_000,
  notBefore: 1_795_000_300_000,
  expiresAt: 1_795_432_000_000,
  sizeBytes: 4_096,
  isNotification: true,
};

const deferred: DeferredUnit = {
  unit,
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
  },
};

const event: UnitEvent = {
  at: 1_795_000_000_000,
  shard: shard(3),
  sequence: 12_345,
  uid: unit.uid,
  destination: unit.destination,
  disposition: "delivered",
  recipients: [{ path: "b@example.com", outcome: "delivered", code: 250, text: "queued" }],
  attempt: 1,
  remote: "mx1.example.com[192.0.2.1]",
  durationMs: 12.5,
};

/** Undefined when the bytes were refused; whatever else is thrown fails the test. */
function readOrRefused<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(UndecodableRecord);
    return undefined;
  }
}

/** What was read can be written, and is then read as the same. */
function holds<T>(
  whole: T,
  { encode, decode }: { encode: (it: T) => Uint8Array; decode: (bytes: Uint8Array) => T },
) {
  const bytes = encode(whole);
  fc.assert(
    fc.property(changes, (drawn) => {
      const read = readOrRefused(decode, mangled(bytes, drawn));
      if (read !== undefined) expect(decode(encode(read))).toEqual(read);
    }),
    fuzzing(3_000),
  );
}

describe("mangled bytes are read or refused:", () => {
  test("a unit", () => holds(unit, { encode: encodeUnit, decode: decodeUnit }));
  test("a deferred unit", () => {
    holds(deferred, { encode: encodeDeferred, decode: decodeDeferred });
  });
  test("events", () => holds([event], { encode: encodeEvents, decode: decodeEvents }));
});
