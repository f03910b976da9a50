import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { DataReader, type MailData } from "./data-reader.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const limits = { sizeMax: 1_000, lineMax: 100 };

/** The result and what followed the end, for one way of cutting. */
function read(text: string, cuts: (length: number) => number, sizes = limits) {
  const bytes = encoder.encode(text);
  const reader = new DataReader(sizes);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + cuts(bytes.length));
    const consumed = reader.push(bytes.slice(at, end));
    if (consumed !== undefined) {
      return { result: shown(reader.result), rest: decoder.decode(bytes.slice(at + consumed)) };
    }
    at = end;
  }
  return { result: undefined, rest: "" };
}

function shown(data: MailData | undefined): string | undefined {
  return data?.kind === "content" ? decoder.decode(data.content) : data?.fault;
}

const ways: [string, (length: number) => number][] = [
  ["whole", (length) => length],
  ["byte by byte", () => 1],
  ["in threes", () => 3],
];

describe.each(ways)("DataReader, %s", (_, cuts) => {
  const dialogues: [string, string, string | undefined, string][] = [
    ["one line", "a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"],
    ["nothing at all", ".\r\nRSET\r\n", "", "RSET\r\n"],
    ["an empty line", "\r\n.\r\n", "\r\n", ""],
    ["stuffed dots", "..\r\n...x\r\n.y\r\na.b\r\n.\r\n", ".\r\n..x\r\ny\r\na.b\r\n", ""],
    ["no end yet", "a\r\n.\r", undefined, ""],
    ["LF.LF is no end", "a\n.\nMAIL\r\n.\r\n", "bareCrOrLf", ""],
    ["LF.CRLF is no end", "a\n.\r\nMAIL\r\n.\r\n", "bareCrOrLf", ""],
    ["CRLF.LF is no end", "a\r\n.\nMAIL\r\n.\r\n", "bareCrOrLf", ""],
    ["CRLF.CR is no end", "a\r\n.\rMAIL\r\n.\r\n", "bareCrOrLf", ""],
    ["CR.CR is no end", "a\r.\rMAIL\r\n.\r\n", "bareCrOrLf", ""],
    ["CRCRLF.CRLF ends, and is refused", "a\r\r\n.\r\nX", "bareCrOrLf", "X"],
    ["a bare CR at the end of a line", "a\r\r\nb\r\n.\r\n", "bareCrOrLf", ""],
    ["a line of just the length", `${"x".repeat(100)}\r\n.\r\n`, `${"x".repeat(100)}\r\n`, ""],
    ["its dot does not count", `.${"x".repeat(100)}\r\n.\r\n`, `${"x".repeat(100)}\r\n`, ""],
    ["a line too long", `${"x".repeat(101)}\r\n.\r\n`, "lineTooLong", ""],
    ["just as big as allowed", `${"x\r\n".repeat(333)}.\r\n`, "x\r\n".repeat(333), ""],
    ["dots do not count", `${"..\r\n".repeat(333)}.\r\n`, ".\r\n".repeat(333), ""],
    ["a bare LF in the last line", "a\r\nb\n\r\n.\r\n", "bareCrOrLf", ""],
    ["CR LF LF is no line end", "a\r\n\n.\r\n\r\n.\r\n", "bareCrOrLf", ""],
    ["a NUL is an octet like others", "a\0b\r\n.\r\n", "a\0b\r\n", ""],
    ["content too big", `${"x\r\n".repeat(334)}.\r\nNOOP`, "tooBig", "NOOP"],
    ["content far too big", `${"x\r\n".repeat(5_000)}.\r\nNOOP`, "tooBig", "NOOP"],
  ];
  test.each(dialogues)("%s", (_name, text, result, rest) => {
    expect(read(text, cuts)).toEqual({ result, rest });
  });
});

describe("DataReader", () => {
  test("holds little of what is too big", () => {
    const reader = new DataReader(limits);
    for (let i = 0; i < 1_000; i++) {
      reader.push(encoder.encode(`${"y".repeat(100)}\r\n`));
      expect(reader.held).toBeLessThan(1_600);
    }
    expect(reader.held).toBeLessThan(10);
  });

  test("gives back any clean content as it was, however it was cut", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seededRandom(seed);
      let content = "";
      while (random.below(12) > 0) {
        let line = "";
        while (random.below(5) > 0) line += [".", "..", "a", "é", "."][random.below(5)];
        content += `${line}\r\n`;
      }
      const stuffed = content.replace(/(^|\n)\./g, "$1..");
      const got = read(`${stuffed}.\r\nNEXT`, () => 1 + random.below(7));
      expect(got).toEqual({ result: decoder.decode(encoder.encode(content)), rest: "NEXT" });
    }
  });
});
