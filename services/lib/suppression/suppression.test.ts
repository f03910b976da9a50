import { describe, expect, test } from "bun:test";
import { parseMailbox } from "#lib/smtp/path";
import {
  idsOf,
  isInForce,
  mailboxKey,
  parseSuppressionKey,
  suppressingIds,
} from "./suppression.ts";

function pathOf(text: string) {
  const mailbox = parseMailbox(text);
  if (mailbox === undefined) throw new Error(`no mailbox: ${text}`);
  return mailbox.text;
}

describe("parseSuppressionKey()", () => {
  test.each([
    ["joe@example.com", "joe@example.com"],
    ["Joe.Smith@Example.COM", "joe.smith@example.com"],
    ["joe+tag@example.com", "joe+tag@example.com"],
    ['"joe"@example.com', "joe@example.com"],
    ['"Joe Smith"@example.com', '"joe smith"@example.com'],
    ['"a@b"@example.com', '"a@b"@example.com'],
    ["joe@bücher.example", "joe@xn--bcher-kva.example"],
    ["Δοκιμή@example.com", "δοκιμή@example.com"],
    ["joe@[192.0.2.1]", "joe@[192.0.2.1]"],
    ["Example.com", "@example.com"],
    ["@Bücher.example", "@xn--bcher-kva.example"],
  ])("reads %s as %s", (text, key) => {
    expect(String(parseSuppressionKey(text))).toBe(key);
  });

  test.each(["", "@", "joe@", "joe smith@example.com", "a@b@example.com", "example .com", "*"])(
    "takes %p for neither mailbox nor domain",
    (text) => {
      expect(parseSuppressionKey(text)).toBeUndefined();
    },
  );

  test("one mailbox has one key, whatever its normal form", () => {
    expect(parseSuppressionKey("e\u0301@example.com")).toBe(
      parseSuppressionKey("\u00e9@example.com"),
    );
  });
});

function keyOf(text: string) {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return key;
}

test("a recipient's keys are those that an operator would write", () => {
  const path = pathOf("Joe@Sub.Example.com");
  expect(mailboxKey(path)).toBe(keyOf("joe@sub.example.com"));
  const keys = suppressingIds({ key: mailboxKey(path) }).map(({ key }) => key);
  expect(keys).toContain(keyOf("sub.example.com"));
});

test("suppressingIds() of a domain has nothing but itself", () => {
  const key = keyOf("example.com");
  expect(suppressingIds({ key })).toEqual([{ key }]);
  expect(suppressingIds({ key, tenant: "acme" })).toEqual([{ key, tenant: "acme" }, { key }]);
});

test("idsOf() looks for the tenant's own entries and for everybody's", () => {
  const texts = (tenant?: string) =>
    idsOf(pathOf("Joe@example.com"), tenant).map((id) => `${id.tenant ?? "*"} ${id.key}`);
  expect(texts("acme")).toEqual([
    "acme joe@example.com",
    "acme @example.com",
    "* joe@example.com",
    "* @example.com",
  ]);
  expect(texts()).toEqual(["* joe@example.com", "* @example.com"]);
});

test("an entry is in force until it expires, or for good", () => {
  expect(isInForce({}, 5)).toBe(true);
  expect(isInForce({ expiresAt: 6 }, 5)).toBe(true);
  expect(isInForce({ expiresAt: 5 }, 5)).toBe(false);
});
