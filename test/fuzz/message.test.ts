/** Header sections and the escapes of RFC 3461 and RFC 6533, whatever a client puts there. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { completedContent } from "#lib/message/completed-content";
import { fieldsOf, summarizeHeader } from "#lib/message/header-section";
import { decodeUtf8Address, decodeXtext, encodeUtf8Address } from "#lib/message/xtext";
import { fuzzing } from "../support/fuzz.ts";

const encoder = new TextEncoder();
const piece = fc.constantFrom(
  ...[
    "\r\n",
    "\r\n ",
    "\r\n\t",
    ":",
    " ",
    "Received:",
    "date",
    "From",
    "x",
    "é",
    "\0",
    "Subject: y",
    "X-Godwit-Pool: z",
    "x-godwit-",
  ],
);
const content = fc.array(piece, { maxLength: 40 }).map((pieces) => encoder.encode(pieces.join("")));

/**
 * RFC 5322 §2.2 line by line: fields are lines with a name, those that begin with a blank go on.
 */
function fieldLines(bytes: Uint8Array): string[] {
  const fields: string[] = [];
  for (const line of Buffer.from(bytes)
    .toString("latin1")
    .match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const goesOn = /^[ \t]/.test(line) && fields.length > 0;
    if (goesOn) fields.push(`${fields.pop() ?? ""}${line}`);
    else if (/^[!-9;-~]+[ \t]*:/.test(line)) fields.push(line);
    else break;
  }
  return fields;
}

test("a header section is what a plain definition says", () => {
  fc.assert(
    fc.property(content, (bytes) => {
      const ranges = [...fieldsOf(bytes)];
      const texts = ranges.map(({ nameStart, end }) =>
        Buffer.from(bytes.subarray(nameStart, end)).toString("latin1"),
      );
      expect(texts).toEqual(fieldLines(bytes));
      const summary = summarizeHeader(bytes);
      expect(summary.end).toBe(texts.join("").length);
      expect(summary.receivedFields).toBe(texts.filter((it) => /^received\s*:/i.test(it)).length);
    }),
    fuzzing(2_000),
  );
});

test("what is for us goes out of a submission, and not an octet else", () => {
  const stamp = {
    ...{ helo: "client.example", clientAddress: "192.0.2.1", hostname: "mta1.example.net" },
    protocol: { isExtended: true, isTls: false, isAuthenticated: true, isSmtpUtf8: false },
    ...{ queueId: "01JDEXAMPLE", at: 1_795_530_657_000 },
  };
  fc.assert(
    fc.property(content, (bytes) => {
      const summary = summarizeHeader(bytes);
      const whole = { content: bytes, summary, stamp, isSubmission: true };
      const made = completedContent({ ...whole, removed: summary.controlFields });
      const fields = fieldLines(bytes);
      const body = Buffer.from(bytes).toString("latin1").slice(fields.join("").length);
      const kept = fields.filter((field) => !/^x-godwit-/i.test(field)).join("") + body;
      const text = Buffer.from(made).toString("latin1");
      expect(text.endsWith(kept)).toBe(true);
      const added = text.slice(0, text.length - kept.length);
      expect(added).toMatch(/^Received: .*\r\n$/s);
      // What is kept begins with a field, with the empty line, or is set apart from ours.
      expect(fieldLines(encoder.encode(added)).join("")).toBe(added.replace(/\r\n\r\n$/, "\r\n"));
    }),
    fuzzing(2_000),
  );
});

const escaped = fc.array(fc.constantFrom("+", "0D", "0A", "4", "A", "2B", "\\x{", "}", "E9", "b"), {
  maxLength: 12,
});

test("what an xtext or a utf-8 address says holds no control character", () => {
  fc.assert(
    fc.property(escaped, (pieces) => {
      const text = pieces.join("");
      expect(decodeXtext(text) ?? "").toMatch(/^[\x20-\x7e]*$/);
      expect(decodeUtf8Address(text) ?? "").not.toMatch(/\p{Cc}/u);
    }),
    fuzzing(2_000),
  );
});

test("a utf-8 address is read back as it was", () => {
  const addresses = fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
  fc.assert(
    fc.property(addresses, (text) => {
      const written = encodeUtf8Address(text);
      expect(written).toMatch(/^[!-~]*$/);
      expect(decodeUtf8Address(written)).toBe(text);
    }),
    fuzzing(1_000),
  );
});
