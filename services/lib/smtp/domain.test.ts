import { describe, expect, test } from "bun:test";
import { parseDomain } from "./domain.ts";

const label63 = "x".repeat(63);
const longest = [label63, label63, label63, label63].join(".");

describe("parseDomain()", () => {
  const taken: [string, string][] = [
    ["example.net", "example.net"],
    ["EXAMPLE.Net", "example.net"],
    ["localhost", "localhost"],
    ["a-b.example", "a-b.example"],
    ["1and1.example", "1and1.example"],
    ["_dmarc.mail_host.example", "_dmarc.mail_host.example"],
    [longest, longest],
    ["bücher.example", "xn--bcher-kva.example"],
    ["BÜCHER.Example", "xn--bcher-kva.example"],
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["faß.example", "xn--fa-hia.example"],
    ["例え。テスト", "xn--r8jz45g.xn--zckzah"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ];
  test.each(taken)("%p is %p", (text, domain) => {
    expect<string | undefined>(parseDomain(text)).toBe(domain);
  });

  const refused = [
    "",
    ".",
    ".example",
    "example.",
    "a..example",
    "-a.example",
    "a-.example",
    "a b.example",
    "a@b.example",
    "[192.0.2.1]",
    `${label63}x.example`,
    `${longest.slice(0, -1)}.y`,
    "ü..example",
    "ü:25",
    "user@ü.example",
    "ü/path",
    "ü?query",
    "ü#fragment",
    "ü%2eexample",
    "ü\\x",
    "ü\texample",
    `${"ü".repeat(60)}.example`,
  ];
  test.each(refused)("refuses %p", (text) => {
    expect(parseDomain(text)).toBeUndefined();
  });
});
