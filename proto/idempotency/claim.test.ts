import { expect, test } from "bun:test";
import type { Begun, Claim } from "#lib/idempotency/claim";
import { bytesOf, hexOf } from "../../test/support/records.ts";
import { encodeRecord, UndecodableRecord } from "../record.ts";
import { decodeClaim, encodeClaim } from "./claim.ts";

const [fingerprint, partial] = [new Uint8Array([1, 2]), new Uint8Array([3])];
const begun: Begun = {
  ...{ kind: "begun", fingerprint, uid: "u1", partial: new Uint8Array() },
  ...{ beganAt: 9, writtenAt: 9, isReleased: false },
};
const released: Begun = { ...begun, partial, writtenAt: 12, isReleased: true };
const finished: Claim = { kind: "finished", fingerprint, answer: new Uint8Array(), writtenAt: 12 };

test.each<[string, Claim, string, string]>([
  ["begun", begun, "u1", "83a17601a166c4020102a175a27531"],
  [
    "taken over",
    { ...begun, writtenAt: 12 },
    "u2",
    "85a17601a166c4020102a175a27531a16209a163a27532",
  ],
  ["released", released, "", "86a17601a166c4020102a175a27531a170c40103a16209a172c3"],
  ["finished", finished, "", "83a17601a166c4020102a161c400"],
])("the bytes of a claim that is %s do not change", (_, claim, claimant, golden) => {
  expect(hexOf(encodeClaim(claim, claimant))).toBe(golden);
  const decoded = decodeClaim(bytesOf(golden), claim.writtenAt);
  expect(decoded).toEqual(claim);
});

test("what a newer version added is passed over", () => {
  const newer = encodeRecord({ v: 1, f: fingerprint, u: "u1", later: [1] });
  expect(decodeClaim(newer, 9)).toEqual(begun);
});

test.each([
  ["another version", { v: 2, f: fingerprint, u: "u1" }],
  ["no fingerprint", { v: 1, u: "u1" }],
  ["neither uid nor answer", { v: 1, f: fingerprint }],
  ["an answer that is no bytes", { v: 1, f: fingerprint, a: "x" }],
  ["no map", [1]],
])("%s is refused", (_, value) => {
  expect(() => decodeClaim(encodeRecord(value), 0)).toThrow(UndecodableRecord);
});
