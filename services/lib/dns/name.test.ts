import { describe, expect, test } from "bun:test";
import { isHostName, isWithin, queryName, receivedName } from "./name.ts";

describe("queryName()", () => {
  test.each([
    ["Example.COM", "example.com"],
    ["example.com.", "example.com"],
    ["_dmarc.example.com", "_dmarc.example.com"],
    [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`],
    [`${"a.".repeat(126)}b`, `${"a.".repeat(126)}b`],
  ])("takes %p", (text, name) => {
    expect(queryName(text)).toBe(name);
  });

  test.each([
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "a b",
    "a\u0000b",
    "bücher.example",
    `${"a".repeat(64)}.example`,
    "a.".repeat(128),
  ])("%p can never resolve", (text) => {
    expect(queryName(text)).toBeUndefined();
  });
});

test("receivedName() leaves nothing in a name that would break a log line", () => {
  expect(receivedName("MX\r\n1.Example.")).toBe("mx??1.example");
  expect(receivedName(".")).toBe("");
});

test.each([
  ["mx1.example.net", true],
  ["mx_1.example.net", true],
  ["192.0.2.1", false],
  ["2001:db8::1", false],
  ["mx?.example.net", false],
  ["", false],
])("isHostName(%p) is %p", (name, isHost) => {
  expect(isHostName(name)).toBe(isHost);
});

test.each([
  ["a.example", "example", true],
  ["example", "example", true],
  ["anexample", "example", false],
  ["example", "", true],
])("isWithin(%p, %p) is %p", (name, domain, isInside) => {
  expect(isWithin(name, domain)).toBe(isInside);
});
