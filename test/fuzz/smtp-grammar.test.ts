/** Whatever is written, the grammar's parsers give a value, and what they take means one thing. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isIpv6, parseAddressLiteral } from "#lib/smtp/address-literal";
import { afterKeyword, parseCommand } from "#lib/smtp/command";
import { parseDateTime } from "#lib/smtp/date/date-time";
import { parseDomain } from "#lib/smtp/domain";
import { parseMailParameters, parseRecipientParameters } from "#lib/smtp/parameters";
import { parseForwardPath, parseMailbox, parseReversePath } from "#lib/smtp/path";
import { encodeReply, reply } from "#lib/smtp/reply";
import { SaslExchange } from "#lib/smtp/sasl";
import { parseStatus } from "#lib/smtp/status";
import { countReceived } from "#lib/smtp/trace-count";
import { fuzzing } from "../support/fuzz.ts";

const encoder = new TextEncoder();

/** Pieces of the grammar in any order: nearly right is what finds mistakes. */
const nearlyRight = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'<>@.,:;"\\[]() =+-_*%!/?#'),
      fc.constantFrom("a", "Z", "0", "255", "256", "IPv6:", "::", "ffff", "xn--", "Postmaster"),
      fc.constantFrom("example", "bücher", "ß", "。", "\u200b", "\ud800", "😀", "\t", "\0", "\r\n"),
      fc.constantFrom(
        "SIZE=",
        "BODY=8BITMIME",
        "NOTIFY=",
        "NEVER",
        "ORCPT=rfc822;",
        "utf-8;",
        "FROM:",
        "HOLDFOR=",
        "HOLDUNTIL=2026-12-24T18:00:00",
      ),
      fc.constantFrom("x".repeat(64), "y".repeat(63), "z.".repeat(120)),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

const anyText = fc.oneof(nearlyRight, fc.string({ unit: "binary", maxLength: 300 }));

const release = { now: 1_795_000_000_000, msMax: 86_400_000 };

const parsers: [string, (text: string) => unknown][] = [
  ["parseReversePath", (text) => [parseReversePath(text), parseReversePath(`<${text}>`)]],
  ["parseForwardPath", (text) => [parseForwardPath(text), parseForwardPath(`<${text}>`)]],
  ["parseMailbox", (text) => [parseMailbox(text), parseMailbox(`a@${text}`)]],
  ["parseDomain", (text) => [parseDomain(text), parseDomain(`ä${text}`)]],
  ["parseAddressLiteral", (text) => parseAddressLiteral(`[${text}]`)],
  ["parseCommand", (text) => [parseCommand(text), afterKeyword(text, "FROM:")]],
  ["parseMailParameters", (text) => [parseMailParameters(text), parseMailParameters(` ${text}`)]],
  ["parseMailParameters, later", (text) => parseMailParameters(` ${text}`, release)],
  ["parseRecipientParameters", (text) => parseRecipientParameters(` ${text}`)],
  ["parseStatus", parseStatus],
  ["SaslExchange PLAIN", (text) => new SaslExchange("PLAIN").start(text)],
  ["SaslExchange LOGIN", (text) => new SaslExchange("LOGIN").start(btoa(escape(text)))],
  ["countReceived", (text) => countReceived(encoder.encode(text))],
];

test.each(parsers)("%s gives a value for anything", (_, parse) => {
  fc.assert(
    fc.property(anyText, (text) => {
      parse(text);
    }),
    fuzzing(1_000),
  );
});

const domain = fc
  .array(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join("."));

/** Anything that may stand in a quoted local part, quoted or escaped to the full. */
const localPart = fc
  .array(
    fc.oneof(fc.constantFrom(...'".\\ @<>ab'), fc.stringMatching(/^[ -~]$/), fc.constant("ü")),
    {
      maxLength: 20,
    },
  )
  .map((characters) => characters.join(""));

describe("mailboxes", () => {
  test("each local part can be written, and is read as it was", () => {
    fc.assert(
      fc.property(localPart, domain, (value, host) => {
        const escaped = [...value].map((character) => `\\${character}`).join("");
        const parsed = parseReversePath(`<"${escaped}"@${host}>`);
        expect(parsed).toMatchObject({
          ok: true,
          rest: "",
          path: { localPart: value, domain: host },
        });
      }),
      fuzzing(),
    );
  });

  test("the wire form is read as the same mailbox again, and is the same again", () => {
    const wellFormed = fc.tuple(localPart, domain).map(([local, host]) => {
      return `"${local.replace(/["\\]/g, "\\$&")}"@${host}`;
    });
    fc.assert(
      fc.property(fc.oneof(nearlyRight, wellFormed), (text) => {
        const mailbox = parseMailbox(text);
        if (mailbox !== undefined) expect(parseMailbox(mailbox.text)).toEqual(mailbox);
      }),
      fuzzing(2_000),
    );
  });

  test("no path taken holds what ends a line or begins another path", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parsed = parseForwardPath(`<a${text}`);
        if (!parsed.ok || !("text" in parsed.path)) return;
        expect([...parsed.path.text].every((character) => character >= " ")).toBe(true);
        const host = "domain" in parsed.path ? parsed.path.domain : parsed.path.addressLiteral;
        expect(host).toMatch(/^[!-~]{1,255}$/);
      }),
      fuzzing(2_000),
    );
  });
});

describe("domains", () => {
  test("are in one form, which is its own", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.tuple(domain, anyText).map((t) => t.join(".")),
        ),
        (text) => {
          const parsed = parseDomain(text);
          if (parsed === undefined) return;
          expect(parsed).toMatch(
            /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/,
          );
          expect(parseDomain(parsed.toUpperCase())).toBe(parsed);
        },
      ),
      fuzzing(2_000),
    );
  });

  test("every address of IPv6 is a literal, every address of IPv4 as well", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV4(), (six, four) => {
        // RFC 5321 §4.1.3: "::" stands for two groups at least; elsewhere it may be one.
        fc.pre(!six.includes("::") || (six.match(/[^:]+/g) ?? []).length < 6);
        expect(isIpv6(six)).toBe(true);
        expect(parseAddressLiteral(`[IPv6:${six}]`)).toBeDefined();
        expect(parseAddressLiteral(`[${four}]`)).toBeDefined();
      }),
      fuzzing(),
    );
  });
});

test("parameters are read as they were written", () => {
  const xtext = fc.stringMatching(/^([!-*,-<>-~]|\+[0-9A-F]{2}){1,30}$/);
  const fields = fc.record({
    size: fc.nat(),
    envid: xtext,
    ret: fc.constantFrom("full", "headers"),
  });
  fc.assert(
    fc.property(fields, fc.boolean(), ({ size, envid, ret }, smtpUtf8) => {
      const words = [`size=${size}`, `EnvId=${envid}`, ret === "full" ? "RET=Full" : "RET=HDRS"];
      const text = words
        .concat(smtpUtf8 ? ["SMTPUTF8"] : [])
        .map((word) => ` ${word}`)
        .join("");
      const parameters = { body: "7bit" as const, size, envid, ret, smtpUtf8 };
      expect<unknown>(parseMailParameters(text)).toEqual({ ok: true, parameters });
    }),
    fuzzing(),
  );
});

test("a time is read as every clock of the world writes it", () => {
  const times = fc.integer({ min: 0, max: 253_402_300_799_999 });
  const offsets = fc.integer({ min: -1_439, max: 1_439 });
  fc.assert(
    fc.property(times, offsets, (at, minutes) => {
      const local = new Date(at + minutes * 60_000);
      fc.pre(local.getTime() >= 0 && local.getTime() < 253_402_300_800_000);
      const [sign, behind] = minutes < 0 ? ["-", -minutes] : ["+", minutes];
      const two = (n: number) => String(n).padStart(2, "0");
      const offset = `${sign}${two(Math.floor(behind / 60))}:${two(behind % 60)}`;
      expect(parseDateTime(local.toISOString().replace("Z", offset))).toBe(at);
    }),
    fuzzing(),
  );
});

test("passwords arrive as they were", () => {
  const words = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !text.includes("\0"));
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  fc.assert(
    fc.property(words, words, (user, password) => {
      const credentials = { kind: "credentials" as const, user, password };
      const plain = new SaslExchange("PLAIN").start(encoded(`\0${user}\0${password}`));
      expect(plain).toEqual(credentials);
      const login = new SaslExchange("LOGIN");
      login.start(encoded(user));
      expect(login.respond(encoded(password))).toEqual(credentials);
    }),
    fuzzing(),
  );
});

test("a status in a reply of ours is the one that is read", () => {
  fc.assert(
    fc.property(fc.nat(999), fc.nat(999), (subject, detail) => {
      const wire = encodeReply(reply(550, `5.${subject}.${detail}`, "No"));
      expect<string | undefined>(parseStatus(wire.slice(4))).toBe(`5.${subject}.${detail}`);
    }),
    fuzzing(),
  );
});
