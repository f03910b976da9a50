import { describe, expect, test } from "bun:test";
import type { z } from "zod";
import { parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { uid } from "../test/support/records.ts";
import {
  listedSuppression,
  listedSuppressionId,
  suppression,
  suppressionEntry,
  suppressionId,
} from "./suppression.ts";

function keyOf(text: string) {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return key;
}

const plain: Suppression = { key: keyOf("example.com"), reason: "by-hand", at: 1 };
const full: Suppression = {
  key: keyOf("joe@example.com"),
  tenant: "acme",
  reason: "bad-mailbox",
  note: "550 5.1.1 no such user",
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
  at: 1_795_000_000_000,
  expiresAt: 1_795_000_000_001,
};

describe("an entry", () => {
  test.each([plain, full])("arrives as it was sent: %j", (entry) => {
    const sent = JSON.parse(JSON.stringify(listedSuppression(entry)));
    expect(suppression.parse(sent)).toEqual(entry);
    expect(suppressionEntry.parse(sent)).toEqual(entry);
    const { key, tenant } = entry;
    const id = suppressionId.parse(listedSuppressionId(entry));
    expect(id).toEqual(tenant === undefined ? { key } : { key, tenant });
  });

  test("is told with the address that a person would write", () => {
    expect(listedSuppression(plain).address).toBe("example.com");
    expect(listedSuppression(full).address).toBe("joe@example.com");
  });

  test("a field that a later version added is ignored between processes", () => {
    expect(suppression.parse({ ...listedSuppression(plain), later: 1 })).toEqual(plain);
  });
});

describe("what a person wrote", () => {
  test("may leave out what is not known, and write times as dates", () => {
    const written = {
      address: " Joe@Example.com ",
      expiresAt: "2027-01-01",
      note: "a\r\nb\u001b[2J",
    };
    expect(suppressionEntry.parse(written)).toEqual({
      key: full.key,
      expiresAt: Date.UTC(2027, 0, 1),
      note: "a b [2J",
    });
  });

  const faults: [string, object, string][] = [
    ["no address", {}, "expected string"],
    ["what is no address", { address: "a b" }, '"a b" is neither a mailbox nor a domain'],
    ["a tenant with a blank", { address: "a.example", tenant: "a b" }, '"a b" is no name'],
    ["what is no time", { address: "a.example", expiresAt: "soon" }, '"soon" is no time'],
    ["what is no unit", { address: "a.example", uid: "1" }, '"1" is no unit\'s id'],
    ["an unknown field", { address: "a.example", until: 1 }, "until"],
    ["a note that is too long", { address: "a.example", note: "x".repeat(501) }, "500"],
  ];
  test.each(faults)("is refused for %s", (_, written, fault) => {
    const parsed: z.ZodSafeParseResult<unknown> = suppressionEntry.safeParse(written);
    expect(parsed.success ? "" : parsed.error.issues.map((it) => it.message).join()).toContain(
      fault,
    );
  });
});
