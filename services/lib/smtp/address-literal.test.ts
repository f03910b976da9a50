import { describe, expect, test } from "bun:test";
import { isIpv4, isIpv6, parseAddressLiteral } from "./address-literal.ts";

test.each([
  ["192.0.2.1", true],
  ["0.0.0.0", true],
  ["255.255.255.255", true],
  ["256.0.0.1", false],
  ["192.0.2", false],
  ["192.0.2.1.1", false],
  ["192.0.2.", false],
  ["192.0.2.0001", false],
  ["192.0.2.x", false],
])("isIpv4(%p): %p", (text, result) => {
  expect(isIpv4(text)).toBe(result);
});

const six: [string, boolean][] = [
  ["2001:db8:0:0:0:0:0:1", true],
  ["2001:db8::1", true],
  ["::", true],
  ["::1", true],
  ["1::", true],
  ["1:2:3:4:5:6::", true],
  ["1:2:3:4:5:6:7::", false],
  ["1:2:3:4:5:6:192.0.2.1", true],
  ["::ffff:192.0.2.1", true],
  ["1:2:3:4::192.0.2.1", true],
  ["1:2:3:4:5::192.0.2.1", false],
  ["192.0.2.1::", false],
  ["1:2:3:4:5:6:7", false],
  ["1:2:3:4:5:6:7:8:9", false],
  ["1::2::3", false],
  [":::", false],
  ["1:::2", false],
  [":1:2:3:4:5:6:7", false],
  ["12345::", false],
  ["g::", false],
  ["fe80::1%eth0", false],
  ["", false],
];
test.each(six)("isIpv6(%p): %p", (text, result) => {
  expect(isIpv6(text)).toBe(result);
});

describe("parseAddressLiteral()", () => {
  const taken = ["[192.0.2.1]", "[IPv6:::1]", "[ipv6:2001:DB8::1]", "[X-Tag:a.b/c]"];
  test.each(taken)("takes %p as it is", (text) => {
    expect<string | undefined>(parseAddressLiteral(text)).toBe(text);
  });

  const refused = [
    "",
    "[]",
    "192.0.2.1",
    "[192.0.2.1",
    "192.0.2.1]",
    "[::1]",
    "[IPv6:192.0.2.1]",
    "[IPv6:]",
    "[tag:]",
    "[tag-:x]",
    "[tag:a b]",
    "[tag:a[b]",
    "[tag:a\\b]",
    `[tag:${"x".repeat(250)}]`,
  ];
  test.each(refused)("refuses %p", (text) => {
    expect(parseAddressLiteral(text)).toBeUndefined();
  });
});
