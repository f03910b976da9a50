import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import {
  cuttings,
  grouped,
  matches,
  mismatch,
  octets,
  parseAssignments,
  parseTranscript,
  segments,
} from "./transcript.ts";

const latin1 = new TextDecoder("latin1");

describe("parseTranscript()", () => {
  test("reads title, headers and items", () => {
    const text = "# RFC 1 §2: rule.\n# settings: a=1 b=two\n# just said\n\nS: 220 *\nC:\nT: tls\n";
    expect(parseTranscript(text)).toEqual({
      title: "RFC 1 §2: rule.",
      headers: [{ name: "settings", value: "a=1 b=two" }],
      items: [
        { who: "S", text: "220 *", lineNumber: 5 },
        { who: "C", text: "", lineNumber: 6 },
        { who: "T", text: "tls", lineNumber: 7 },
      ],
    });
  });

  test.each(["S: 220 x\n", "# title\nwhat is this\n", "# title\nS:220\n"])("refuses %p", (text) => {
    expect(() => parseTranscript(text)).toThrow(SyntaxError);
  });
});

test("grouped() takes lines of one side together", () => {
  const { items } = parseTranscript("# t\nC: a\nC: b\nS: c\nC: d\n");
  const texts = grouped(items).map((group) => group.map(({ text }) => text));
  expect(texts).toEqual([["a", "b"], ["c"], ["d"]]);
});

test("parseAssignments() reads quoted and plain values", () => {
  expect(parseAssignments('a=1 b="two words" c=')).toEqual([
    ["a", "1"],
    ["b", "two words"],
  ]);
});

describe("octets()", () => {
  const cases: [string[], string][] = [
    [["a", "b"], "a\r\nb\r\n"],
    [[""], "\r\n"],
    [["a\\nb\\r\\0\\t\\\\"], "a\nb\r\0\t\\\r\n"],
    [["a\\c", "b"], "ab\r\n"],
    [["\\xc3\\x28\\c"], "\xc3("],
    [["<\\{3 xy}>\\c"], "<xyxyxy>"],
    [["\\{2 a\\r\\n}\\c"], "a\r\na\r\n"],
    [["ü\\c"], "\xc3\xbc"],
  ];
  test.each(cases)("%p", (lines, text) => {
    expect(latin1.decode(octets(lines))).toBe(text);
  });

  test("refuses an escape that it does not know", () => {
    expect(() => octets(["\\q"])).toThrow(SyntaxError);
  });
});

describe("matches()", () => {
  const cases: [string, string, boolean][] = [
    ["250 2.1.0 *", "250 2.1.0 Ok", true],
    ["250 2.1.0 *", "250 2.1.5 Ok", false],
    ["250 2.1.0 *", "250 2x1.0 Ok", false],
    ["5?? 5.6.0 *", "550 5.6.0 no", true],
    ["5?? 5.6.0 *", "5x0 5.6.0 no", false],
    ["220 edge.example", "220 edge.example ESMTP", false],
    ["334 VXNlcm5hbWU6", "334 VXNlcm5hbWU6", true],
    ["why\\?", "why?", true],
    ["why\\?", "why1", false],
    ["250 (a+b)", "250 (a+b)", true],
  ];
  test.each(cases)("%p against %p: %p", (pattern, line, result) => {
    expect(matches(pattern, line)).toBe(result);
  });
});

describe("mismatch()", () => {
  const ehlo = ["250-edge.example", "250-SIZE 1", "250-DSN", "250 HELP"];
  const cases: [string[], string[], boolean][] = [
    [["250-edge.example", "250-*", "250 *"], ehlo, true],
    [["250-*", "250 *"], ["250 x"], true],
    [["250-*", "250 DSN"], ehlo, false],
    [["250-*"], ehlo, false],
    [["250-*", "250 *", "221 *"], ehlo, false],
    [[], [], true],
  ];
  test.each(cases)("%p", (patterns, lines, isSame) => {
    expect(mismatch(patterns, lines) === undefined).toBe(isSame);
  });
});

describe.each(cuttings)("segments(), %s", (cutting) => {
  test("loses nothing", () => {
    const bytes = seededRandom(1).bytes(500);
    const pieces = segments(bytes, cutting, seededRandom(2));
    expect(pieces.flatMap((piece) => [...piece])).toEqual([...bytes]);
    expect(pieces.every((piece) => piece.length > 0)).toBe(true);
  });
});
