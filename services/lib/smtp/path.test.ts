import { describe, expect, test } from "bun:test";
import { parseForwardPath, parseMailbox, parseReversePath } from "./path.ts";

const long = (n: number) => "x".repeat(n);
const label63 = long(63);

describe("parseReversePath()", () => {
  test("<> is the null reverse-path", () => {
    expect(parseReversePath("<> SIZE=1")).toEqual({
      ok: true,
      path: null,
      rest: " SIZE=1",
      isInternational: false,
    });
  });

  const good: [string, string, string, string][] = [
    ["<joe@example.net>", "joe", "joe@example.net", "example.net"],
    ["<Joe.Q@EXAMPLE.Net>", "Joe.Q", "Joe.Q@example.net", "example.net"],
    [
      "<!#$%&'*+-/=?^_`{|}~@a.example>",
      "!#$%&'*+-/=?^_`{|}~",
      "!#$%&'*+-/=?^_`{|}~@a.example",
      "a.example",
    ],
    ['<"joe smith"@a.example>', "joe smith", '"joe smith"@a.example', "a.example"],
    ['<"joe"@a.example>', "joe", "joe@a.example", "a.example"],
    ['<"a\\"b\\\\c"@a.example>', 'a"b\\c', '"a\\"b\\\\c"@a.example', "a.example"],
    ['<"a\\bc"@a.example>', "abc", "abc@a.example", "a.example"],
    ['<"a@b"@a.example>', "a@b", '"a@b"@a.example', "a.example"],
    ['<"a>b"@a.example>', "a>b", '"a>b"@a.example', "a.example"],
    ['<""@a.example>', "", '""@a.example', "a.example"],
    ["<@hop.example,@hop2.example:joe@a.example>", "joe", "joe@a.example", "a.example"],
    ["<joe@localhost>", "joe", "joe@localhost", "localhost"],
    ["<joe@xn--bcher-kva.example>", "joe", "joe@xn--bcher-kva.example", "xn--bcher-kva.example"],
    [`<${long(64)}@a.example>`, long(64), `${long(64)}@a.example`, "a.example"],
  ];
  test.each(good)("reads %s", (text, localPart, wire, domain) => {
    const parsed = parseReversePath(text);
    expect(parsed).toMatchObject({ ok: true, path: { localPart, text: wire, domain }, rest: "" });
  });

  const literals = [
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "[IPv6:::]",
    "[IPv6:::ffff:192.0.2.1]",
    "[x400:abc]",
  ];
  test.each(literals)("reads the address literal %s", (literal) => {
    const parsed = parseReversePath(`<joe@${literal}>`);
    expect(parsed).toMatchObject({ ok: true, path: { addressLiteral: literal } });
  });

  const bad = [
    "",
    "joe@a.example",
    "<joe@a.example",
    "<joe>",
    "<@a.example>",
    "<joe@>",
    "<joe@.example>",
    "<joe@a..example>",
    "<joe@a.example.>",
    "<joe@-a.example>",
    "<joe@a-.example>",
    "<joe@a b.example>",
    "<.joe@a.example>",
    "<joe.@a.example>",
    "<jo..e@a.example>",
    "<jo e@a.example>",
    "<jo(e)@a.example>",
    '<"joe@a.example>',
    '<"joe\\',
    '<"jo\u0001e"@a.example>',
    '<"jo\u007fe"@a.example>',
    "<joe@[192.0.2.256]>",
    "<joe@[192.0.2]>",
    "<joe@[IPv6:1::2::3]>",
    "<joe@[IPv6:1:2:3:4:5:6:7]>",
    "<joe@[IPv6:1:2:3:4:5:6:7:8:9]>",
    "<joe@[]>",
    "<joe@[192.0.2.1>",
    "<@hop.example joe@a.example>",
    "<@hop..example:joe@a.example>",
    "<@hop.example>:joe@a.example>",
    `<${long(65)}@a.example>`,
    `<joe@${label63}x.example>`,
    `<joe@${[label63, label63, label63, label63].join(".")}>`,
  ];
  test.each(bad)("refuses %p", (text) => {
    expect(parseReversePath(text).ok).toBe(false);
  });

  test("RFC 5321 §4.5.3.1.3: a path has 256 octets at most, its brackets counted", () => {
    const host = (length: number) => `${`${label63}.`.repeat(2)}${long(length - 128)}`;
    expect(parseReversePath(`<${long(64)}@${host(189)}>`).ok).toBe(true);
    expect(parseReversePath(`<${long(64)}@${host(190)}>`).ok).toBe(false);
  });

  test("keeps what follows for the parameters", () => {
    const parsed = parseReversePath("<joe@a.example> SIZE=10 BODY=8BITMIME");
    expect(parsed).toMatchObject({ ok: true, rest: " SIZE=10 BODY=8BITMIME" });
  });

  test("RFC 6531: says that a path is international, and knows its domain by A-labels", () => {
    expect(parseReversePath("<jörg@bücher.example>")).toMatchObject({
      ok: true,
      isInternational: true,
      path: {
        localPart: "jörg",
        text: "jörg@xn--bcher-kva.example",
        domain: "xn--bcher-kva.example",
      },
    });
    expect(parseReversePath("<joe@BÜCHER.example>")).toMatchObject({
      isInternational: true,
      path: { domain: "xn--bcher-kva.example" },
    });
  });

  test("counts the length of an international local part in octets", () => {
    expect(parseReversePath(`<${"ö".repeat(32)}@a.example>`).ok).toBe(true);
    expect(parseReversePath(`<${"ö".repeat(33)}@a.example>`).ok).toBe(false);
  });

  test.each(["<joe@a/b.exämple>", "<joe@ä@b.example>", "<joe@ä:25>", "<joe@ä%2e.example>"])(
    "a U-label cannot smuggle URL syntax: %s",
    (text) => {
      expect(parseReversePath(text).ok).toBe(false);
    },
  );
});

describe("parseForwardPath()", () => {
  test.each(["Postmaster", "postmaster", "POSTMASTER"])("takes <%s> without a domain", (name) => {
    const parsed = parseForwardPath(`<${name}> NOTIFY=NEVER`);
    expect(parsed).toMatchObject({ ok: true, path: { postmaster: name }, rest: " NOTIFY=NEVER" });
  });

  test.each(["<>", "<root>", "<postmaster2>", "Postmaster", "(Postmaster>"])(
    "refuses %s",
    (text) => {
      expect(parseForwardPath(text).ok).toBe(false);
    },
  );
});

describe("parseMailbox()", () => {
  test("wants a mailbox and nothing behind it", () => {
    expect(parseMailbox("joe@a.example")?.text).toBe("joe@a.example" as never);
    expect(parseMailbox("joe@a.example> x")).toBeUndefined();
    expect(parseMailbox("")).toBeUndefined();
  });
});
