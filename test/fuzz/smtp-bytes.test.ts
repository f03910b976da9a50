/** However bytes are cut, the readers give the same, and what a plain definition of it gives. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type DataLimits, DataReader } from "#lib/smtp/data-reader";
import { LineReader } from "#lib/smtp/line-reader";
import { fuzzing } from "../support/fuzz.ts";

const latin1 = new TextDecoder("latin1");

/** Octets in which line ends and dots are frequent, as latin-1 text. */
const noise = fc
  .array(fc.constantFrom("\r\n", "\r\n.", "\r", "\n", ".", "\r\n.\r\n", "a", "bc", "\0", "\xff"), {
    maxLength: 40,
  })
  .map((pieces) => pieces.join(""));

/** Lengths of pieces; the last is used again until the end. */
const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 });

function pieces(text: string, sizes: readonly number[]): Uint8Array[] {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const result: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? 1;
    result.push(bytes.slice(at, at + size));
    at += size;
  }
  return result;
}

describe("DataReader", () => {
  const limits: DataLimits = { sizeMax: 40, lineMax: 12 };

  /** The definition: slow, on text. */
  function defined(text: string): { readonly result: string; readonly rest: string } | undefined {
    const all = `\r\n${text}`;
    const end = all.indexOf("\r\n.\r\n");
    if (end === -1) return undefined;
    const data = all.slice(2, end + 2);
    const rest = all.slice(end + 5);
    const content = data.replace(/^\./, "").replaceAll("\r\n.", "\r\n");
    const isBare = /\r(?!\n)|(?<!\r)\n/.test(data);
    if (data.length > limits.sizeMax + Math.ceil(limits.sizeMax / 3))
      return { result: "tooBig", rest };
    if (isBare) return { result: "bareCrOrLf", rest };
    if (content.length > limits.sizeMax) return { result: "tooBig", rest };
    const isLong = content.split("\r\n").some((line) => line.length > limits.lineMax);
    return { result: isLong ? "lineTooLong" : `content ${content}`, rest };
  }

  function read(text: string, sizes: readonly number[]): ReturnType<typeof defined> {
    const reader = new DataReader(limits);
    const queue = pieces(text, sizes);
    for (const [index, piece] of queue.entries()) {
      const consumed = reader.push(piece);
      if (consumed === undefined) continue;
      const { result } = reader;
      const rest = [piece.subarray(consumed), ...queue.slice(index + 1)];
      return {
        result:
          result?.kind === "content"
            ? `content ${latin1.decode(result.content)}`
            : `${result?.fault}`,
        rest: rest.map((bytes) => latin1.decode(bytes)).join(""),
      };
    }
    return undefined;
  }

  test("gives what the definition gives, at any cuts", () => {
    fc.assert(
      fc.property(noise, lengths, (text, sizes) => {
        // latin-1 decoding is windows-1252 here: fine for 0xff.
        expect(read(text, sizes)).toEqual(defined(text));
      }),
      fuzzing(5_000),
    );
  });
});

describe("LineReader", () => {
  const lengthMax = 8;

  /** The definition: a line ends with CRLF alone, and the first fault is told. */
  function defined(text: string): string[] {
    const lines = text.split("\r\n");
    const last = lines.pop() ?? "";
    const results = lines.map((line) => {
      if (line.length > lengthMax) return "!tooLong";
      const fault = /[\0\r\n]/.exec(line)?.[0];
      if (fault !== undefined) return fault === "\0" ? "!nul" : "!bareCrOrLf";
      return line.includes("\xff") ? "!badUtf8" : line;
    });
    // One more octet may be the CR of its end.
    return last.length > lengthMax + 1 ? [...results, "!tooLong"] : results;
  }

  test("gives what the definition gives, at any cuts", () => {
    fc.assert(
      fc.property(noise, lengths, (text, sizes) => {
        const reader = new LineReader();
        const lines: string[] = [];
        for (const piece of pieces(text, sizes)) {
          reader.push(piece);
          for (let line = reader.next(lengthMax); line; line = reader.next(lengthMax)) {
            lines.push(line.kind === "line" ? line.text : `!${line.fault}`);
          }
          reader.keep();
          piece.fill(0);
        }
        expect(lines).toEqual(defined(text));
      }),
      fuzzing(5_000),
    );
  });
});
