import { describe, expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import type { Unit } from "#lib/queue/unit";
import { bytesOf, destination, hexOf, path, uid } from "../test/support/records.ts";
import { decodeRecord, encodeRecord, UndecodableRecord } from "./record.ts";
import { decodeUnit, encodeUnit } from "./unit.ts";

const plain: Unit = {
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
  destination: destination("example.com"),
  envelope: { reversePath: path("a@source.example"), body: "7bit", smtpUtf8: false },
  recipients: [{ path: path("b@example.com") }],
  lane: "n",
  acceptedAt: 1_795_000_000_000,
  expiresAt: 1_795_432_000_000,
  sizeBytes: 4_096,
  isNotification: false,
};

const full: Unit = {
  ...plain,
  destination: destination("[IPv6:2001:db8::1]"),
  envelope: {
    reversePath: path(""),
    ret: "headers",
    envid: "QQ+2B314159",
    body: "8bitmime",
    smtpUtf8: true,
  },
  recipients: [
    { path: path('"joe \\"smith"@xn--bcher-kva.example'), notify: ["success", "delay"] },
    { path: path("δοκιμή@example.com"), notify: ["never"], orcpt: "rfc822;b@example.com" },
    { path: path("c@example.com"), orcpt: "utf-8;c@example.com" },
  ],
  lane: "h",
  tenant: "acme",
  campaign: "spring-2026",
  pool: "warm",
  isNotification: true,
};

const goldenPlain =
  "88a17601a175bc30314a4446385a35543041424344454647484a4b4d4e505152532e30a164ab6578616d706c" +
  "652e636f6da166b06140736f757263652e6578616d706c65a17291ad62406578616d706c652e636f6da161cf" +
  "000001a1ee565e00a178cf000001a208162a00a17acd1000";

const goldenFull =
  "de0011a17601a175bc30314a4446385a35543041424344454647484a4b4d4e505152532e30a164b25b495076363a" +
  "323030313a6462383a3a315da166a0a1729393d923226a6f65205c22736d6974682240786e2d2d6263686572" +
  "2d6b76612e6578616d706c650ac093b8ceb4cebfcebaceb9cebcceae406578616d706c652e636f6d01b47266" +
  "633832323b62406578616d706c652e636f6d93ad63406578616d706c652e636f6dc0b37574662d383b634065" +
  "78616d706c652e636f6da161cf000001a1ee565e00a178cf000001a208162a00a17acd1000a162c3a173c3a2" +
  "727401a26569ab51512b3242333134313539a168c3a174a461636d65a163ab737072696e67" +
  "2d32303236a170a47761726da16ec3";

describe("encodeUnit()", () => {
  const cases: [string, Unit, string][] = [
    ["writes a plain unit as it always did", plain, goldenPlain],
    ["writes every field as it always did", full, goldenFull],
  ];
  test.each(cases)("%s", (_, unit, golden) => {
    expect(hexOf(encodeUnit(unit))).toBe(golden);
    expect(decodeUnit(bytesOf(golden))).toEqual(unit);
  });
});

describe("a unit that is not to be sent yet", () => {
  const notBefore = plain.acceptedAt + 86_400_000;

  test("has one field more, behind all others", () => {
    const written = hexOf(encodeUnit({ ...plain, notBefore }));
    // A map of nine, and `nb` with 64 bits.
    expect(written).toBe(`89${goldenPlain.slice(2)}a26e62cf000001a1f37cba00`);
    expect(decodeUnit(bytesOf(written))).toEqual({ ...plain, notBefore });
  });

  test("keeps its time with a version that does not know it", () => {
    const { nb, ...older } = fieldsOf({ ...plain, notBefore });
    // What is not known is written first.
    expect(decodeUnit(encodeRecord({ nb, ...older }))).toEqual({ ...plain, notBefore });
  });
});

function fieldsOf(unit: Unit): Record<string, unknown> {
  return { ...Object(decodeRecord(encodeUnit(unit), "unit")) };
}

describe("decodeUnit()", () => {
  test("keeps fields that a newer version wrote, and encodeUnit() writes them back", () => {
    const newer = encodeRecord({ ...fieldsOf(full), segment: "spring", q: [1, { w: null }] });
    const unit = decodeUnit(newer);
    expect(unit).toEqual({ ...full, unknown: { segment: "spring", q: [1, { w: null }] } });
    expect(decodeUnit(encodeUnit(unit))).toEqual(unit);
  });

  test("reads labels that an older version passed on as unknown fields", () => {
    const { c, p, ...older } = fieldsOf(full);
    // It writes what it does not know first.
    expect(decodeUnit(encodeRecord({ c, p, ...older }))).toEqual(full);
  });

  test("does not let an unknown field overwrite a known one", () => {
    const forged = encodeUnit({ ...plain, unknown: { u: "x", v: 9 } });
    expect(decodeUnit(forged).uid).toBe(plain.uid);
  });

  test.each([0, 2, "1", null, undefined])("refuses version %p", (v) => {
    expect(() => decodeUnit(encode({ ...fieldsOf(plain), v }))).toThrow(UndecodableRecord);
  });

  const faults: [string, Record<string, unknown>][] = [
    ["a uid without a number", { u: "01JDF8Z5T0ABCDEFGHJKMNPQRS" }],
    ["a uid in lower case", { u: "01jdf8z5t0abcdefghjkmnpqrs.0" }],
    ["no uid", { u: undefined }],
    ["a destination with a capital", { d: "Example.com" }],
    ["a destination with a blank", { d: "example .com" }],
    ["an empty destination", { d: "" }],
    ["a reverse-path with CRLF", { f: "a@b.example>\r\nRCPT TO:<c@d.example" }],
    ["a reverse-path that is too long", { f: "a".repeat(2_049) }],
    ["a reverse-path that is a number", { f: 5 }],
    ["no recipients", { r: [] }],
    ["recipients that are no list", { r: "b@example.com" }],
    ["an empty recipient", { r: [""] }],
    ["a recipient with NUL", { r: ["b\u0000@example.com"] }],
    ["a recipient that is a map", { r: [{ path: "b@example.com" }] }],
    ["an empty NOTIFY", { r: [["b@example.com", 0, null]] }],
    ["an unknown NOTIFY", { r: [["b@example.com", 16, null]] }],
    ["an ORCPT with a line end", { r: [["b@example.com", null, "rfc822;b\n"]] }],
    ["a time that is no number", { a: "now" }],
    ["a time before the epoch", { x: -1 }],
    ["a fractional size", { z: 1.5 }],
    ["an unknown RET", { rt: 2 }],
    ["a flag that is a number", { b: 1 }],
    ["a tenant that is a list", { t: ["acme"] }],
    ["a campaign with a line end", { c: "spring\r\n" }],
    ["a pool that is a number", { p: 7 }],
    ["a time to be sent that is a text", { nb: "tomorrow" }],
    ["a time to be sent before the epoch", { nb: -1 }],
  ];
  test.each(faults)("refuses %s", (_, fault) => {
    const bytes = encode({ ...fieldsOf(plain), ...fault }, { ignoreUndefined: true });
    expect(() => decodeUnit(bytes)).toThrow(UndecodableRecord);
  });

  test.each(["", "c0", "93010203", "a161", "c4020102", "dfffffffff", `${goldenPlain}00`])(
    "refuses the bytes %p",
    (hex) => {
      expect(() => decodeUnit(bytesOf(hex))).toThrow(UndecodableRecord);
    },
  );

  test("keeps the trace it belongs to, and passes over what is none", () => {
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    expect(decodeUnit(encodeUnit({ ...plain, trace }))).toEqual({ ...plain, trace });
    expect(decodeUnit(encode({ ...fieldsOf(plain), tp: `${trace}0` }))).toEqual(plain);
    expect(decodeUnit(encode({ ...fieldsOf(plain), tp: 7 }))).toEqual(plain);
    expect(encodeUnit(plain)).toEqual(encodeUnit(decodeUnit(encodeUnit(plain))));
  });

  test("refuses a record that was cut anywhere", () => {
    const whole = encodeUnit(full);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeUnit(whole.subarray(0, length))).toThrow(UndecodableRecord);
    }
  });

  test("says which field it is", () => {
    const bytes = encode({ ...fieldsOf(plain), d: "Example.com" });
    expect(() => decodeUnit(bytes)).toThrow(
      "Cannot decode unit's destination: it is not a destination",
    );
  });
});
