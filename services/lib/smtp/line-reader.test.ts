import { describe, expect, test } from "bun:test";
import { type Line, LineReader } from "./line-reader.ts";

const encoder = new TextEncoder();

function read(bytes: Uint8Array, cut: number, lengthMax = 20): string[] {
  const reader = new LineReader();
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += cut) {
    reader.push(bytes.slice(at, at + cut));
    for (let line = next(); line !== undefined; line = next()) lines.push(shown(line));
    reader.keep();
  }
  return lines;
  function next() {
    return reader.next(lengthMax);
  }
}

function shown(line: Line): string {
  return line.kind === "line" ? line.text : `!${line.fault}`;
}

describe.each([1, 2, 3, 1_000])("LineReader, %i octets at a time", (cut) => {
  const cases: [string, string, string[]][] = [
    ["two lines", "EHLO a\r\nQUIT\r\n", ["EHLO a", "QUIT"]],
    ["an empty line", "\r\nQUIT\r\n", ["", "QUIT"]],
    ["half a line", "EHLO", []],
    ["a bare LF does not end a line", "EHLO a\nQUIT\r\nNOOP\r\n", ["!bareCrOrLf", "NOOP"]],
    ["a bare CR does not end a line", "EHLO a\rQUIT\r\nNOOP\r\n", ["!bareCrOrLf", "NOOP"]],
    ["a CR before CRLF", "EHLO a\r\r\nNOOP\r\n", ["!bareCrOrLf", "NOOP"]],
    ["an LF at the start", "\nNOOP\r\nNOOP\r\n", ["!bareCrOrLf", "NOOP"]],
    ["a NUL", "EH\0LO\r\nNOOP\r\n", ["!nul", "NOOP"]],
    ["just as long as allowed", `${"x".repeat(20)}\r\n`, ["x".repeat(20)]],
    ["one too long", `${"x".repeat(21)}\r\nNOOP\r\n`, ["!tooLong", "NOOP"]],
    ["far too long", `${"x".repeat(999)}\r\nNOOP\r\n`, ["!tooLong", "NOOP"]],
    ["UTF-8", "MAIL ü\r\n", ["MAIL ü"]],
  ];
  test.each(cases)("%s", (_, text, lines) => {
    expect(read(encoder.encode(text), cut)).toEqual(lines);
  });

  test("octets that are no UTF-8", () => {
    const bytes = Uint8Array.of(65, 0xc3, 0x28, 13, 10, 66, 13, 10);
    expect(read(bytes, cut)).toEqual(["!badUtf8", "B"]);
  });
});

describe("LineReader", () => {
  test("take() gives what follows the line", () => {
    const reader = new LineReader();
    reader.push(encoder.encode("DATA\r\nhello\r\n"));
    expect(reader.next(20)).toEqual({ kind: "line", text: "DATA" });
    expect(new TextDecoder().decode(reader.take())).toBe("hello\r\n");
    expect(reader.pending).toBe(0);
  });

  test("holds no more than a line of what never ends", () => {
    const reader = new LineReader();
    for (let i = 0; i < 1_000; i++) {
      reader.push(encoder.encode("y".repeat(1_000)));
      reader.next(20);
      expect(reader.pending).toBeLessThan(1_001);
    }
  });
});
