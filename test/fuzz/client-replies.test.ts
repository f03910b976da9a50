/**
 * However a server's bytes are cut, they are the same replies; and transparency is undone by who
 * reads it.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ReplyReader } from "#lib/smtp/client/reply-reader";
import { asMailData, has8Bit, hasLineOver } from "#lib/smtp/client/transparency";
import { DataReader } from "#lib/smtp/data-reader";
import { encodeReply, type Reply } from "#lib/smtp/reply";
import { fuzzing } from "../support/fuzz.ts";

const encoder = new TextEncoder();

/** Octets in which codes, separators and line ends are frequent. */
const noise = fc
  .array(
    fc.oneof(
      fc.constantFrom("250 ", "250-", "354", "421 ", "\r\n", "\n", "\r", "2.0.0", "5.1.1", " "),
      fc.constantFrom("ok", "\0", "ü", "x".repeat(2_100), "599 ", "600 "),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => encoder.encode(pieces.join("")));

/** Lengths of pieces; the last is used again until the end. */
const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 });

function readAll(bytes: Uint8Array, sizes: readonly number[]): (Reply | string)[] {
  const reader = new ReplyReader();
  const seen: (Reply | string)[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? 1;
    const piece = bytes.slice(at, at + size);
    reader.push(piece);
    for (let read = reader.next(); read !== undefined; read = reader.next()) {
      if (read.kind === "garbage") return [...seen, read.reason];
      seen.push(read.reply);
    }
    reader.keep();
    // The owner of the bytes uses them again.
    piece.fill(0x32);
    at += size;
  }
  return seen;
}

describe("ReplyReader", () => {
  test("reads the same at any segmentation", () => {
    fc.assert(
      fc.property(noise, lengths, (bytes, sizes) => {
        expect(readAll(bytes, sizes)).toEqual(readAll(bytes, [bytes.length + 1]));
      }),
      fuzzing(1_000),
    );
  });

  test("gives replies that can be said again, and are then the same", () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        for (const reply of readAll(bytes, [bytes.length + 1])) {
          if (typeof reply === "string") continue;
          const wire = encodeReply(reply);
          expect(wire).toMatch(/^(?:[2-5][0-9]{2}[ -]\P{Cc}*\r\n)+$/u);
          if (reply.status !== undefined) expect(reply.status[0]).toBe(wire[0]);
        }
      }),
      fuzzing(),
    );
  });
});

const text = fc
  .array(fc.constantFrom(".", "a", "\r\n", "\r\n.", "\r\n..", "\u00fc", "bcdefgh"), {
    maxLength: 40,
  })
  .map((pieces) => pieces.join(""));

describe("asMailData()", () => {
  test("is read back as it was, but for the line end it adds", () => {
    fc.assert(
      fc.property(text, (content) => {
        const reader = new DataReader({ sizeMax: 10_000, lineMax: 1_000 });
        const pieces = asMailData(encoder.encode(content));
        const wire = Buffer.concat(pieces);
        const isWhole = content === "" || content.endsWith("\r\n");
        expect(reader.push(wire)).toBe(wire.length);
        const read = reader.result?.kind === "content" ? reader.result.content : undefined;
        expect(new TextDecoder().decode(read)).toBe(isWhole ? content : `${content}\r\n`);
      }),
      fuzzing(1_000),
    );
  });
});

describe("the shape of content", () => {
  test("is what a plain definition says", () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 12 }),
        fc.nat({ max: 7 }),
        (content, max, skip) => {
          // At every alignment.
          const bytes = encoder.encode(" ".repeat(skip) + content).subarray(skip);
          const longest = Math.max(...content.split("\r\n").map((l) => encoder.encode(l).length));
          expect(hasLineOver(max, bytes)).toBe(longest > max);
          expect(has8Bit(bytes)).toBe(content.includes("\u00fc"));
        },
      ),
      fuzzing(1_000),
    );
  });
});
