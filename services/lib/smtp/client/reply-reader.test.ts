import { describe, expect, test } from "bun:test";
import { replyText } from "../reply.ts";
import { ReplyReader } from "./reply-reader.ts";

const encoder = new TextEncoder();

/** All that is read, as `code status|text`, or why not. */
function readAll(text: string, pieceLength = text.length): string[] {
  const reader = new ReplyReader();
  const bytes = encoder.encode(text);
  const seen: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const piece = bytes.slice(at, at + pieceLength);
    reader.push(piece);
    for (let read = reader.next(); read !== undefined; read = reader.next()) {
      if (read.kind === "garbage") return [...seen, read.reason];
      const { code, status } = read.reply;
      seen.push(`${code} ${status ?? "-"}|${replyText(read.reply)}`);
    }
    reader.keep();
    piece.fill(0xff);
  }
  return seen;
}

describe("ReplyReader", () => {
  test.each([
    ["a line", "250 Ok\r\n", ["250 -|Ok"]],
    ["a status", "250 2.1.0 Ok\r\n", ["250 2.1.0|Ok"]],
    ["a status alone", "250 2.1.0\r\n", ["250 2.1.0|"]],
    ["a status of another class", "450 5.1.1 No\r\n", ["450 -|5.1.1 No"]],
    ["a status behind 3yz", "354 3.0.0 Go on\r\n", ["354 -|3.0.0 Go on"]],
    ["what only looks like a status", "550 5.1.1x No\r\n", ["550 -|5.1.1x No"]],
    ["several lines", "250-2.0.0 a\r\n250-2.0.0 b\r\n250 2.0.0 c\r\n", ["250 2.0.0|a b c"]],
    ["a status in the first line alone", "550-5.1.1 a\r\n550 b\r\n", ["550 5.1.1|a b"]],
    ["a longer number behind", "550-5.1.1 a\r\n550 5.1.12\r\n", ["550 5.1.1|a 5.1.12"]],
    ["two replies", "250 a\r\n354 b\r\n", ["250 -|a", "354 -|b"]],
    ["no blank behind the code", "250\r\n", ["250 -|"]],
    ["no text in several lines", "250-\r\n250\r\n", ["250 -| "]],
    ["LF alone", "250-a\n250 b\n", ["250 -|a b"]],
    ["a second digit beyond 5", "571 No\r\n", ["571 -|No"]],
    ["a CR within", "250 a\rb\r\n", ["250 -|a?b"]],
    ["half a reply", "250-a\r\n250 b\r", []],
    ["1yz", "150 a\r\n", ["not an SMTP reply"]],
    ["6yz", "650 a\r\n", ["not an SMTP reply"]],
    ["two digits", "25 a\r\n", ["not an SMTP reply"]],
    ["four digits", "2500 a\r\n", ["not an SMTP reply"]],
    ["an empty line", "\r\n", ["not an SMTP reply"]],
    ["a blank before", " 250 a\r\n", ["not an SMTP reply"]],
    ["codes that differ", "250-a\r\n251 b\r\n", ["codes differ in one reply"]],
    [
      "as many lines as may be",
      `${"250-a\r\n".repeat(99)}250 a\r\n`,
      [`250 -|${"a ".repeat(99)}a`],
    ],
    ["one more", `${"250-a\r\n".repeat(100)}250 a\r\n`, ["reply has too many lines"]],
    [
      "what a hundred long lines say, as far as it is kept",
      `${`550-${"a".repeat(1_000)}\r\n`.repeat(99)}550 b\r\n250 c\r\n`,
      [`550 -|${"a".repeat(1_000)} ${"a".repeat(1_000)} ${"a".repeat(46)}`, "250 -|c"],
    ],
    ["the longest line", `250 ${"a".repeat(2_044)}\r\n`, [`250 -|${"a".repeat(2_044)}`]],
    ["one octet more", `250 ${"a".repeat(2_046)}\r\n`, ["reply line too long"]],
    ["a line without end", `250 ${"a".repeat(2_046)}`, ["reply line too long"]],
  ])("%s, at any segmentation", (_, text, expected) => {
    expect(readAll(text)).toEqual(expected);
    expect(readAll(text, 1)).toEqual(expected);
    expect(readAll(text, 7)).toEqual(expected);
  });

  test("keeps 4 KiB of a reply, whatever its lines are", () => {
    const reader = new ReplyReader();
    reader.push(encoder.encode(`${`250-${"a".repeat(1_000)}\r\n`.repeat(99)}250 b\r\n`));
    const read = reader.next();
    expect(read?.kind === "reply" && read.reply.lines.length).toBe(4);
  });

  test("says how much waits", () => {
    const reader = new ReplyReader();
    reader.push(encoder.encode("250 a\r\n250 "));
    reader.next();
    expect(reader.pending).toBe(4);
  });
});
