import { describe, expect, test } from "bun:test";
import { pathIn, verbAt, verbs, wordsIn } from "./command-line.ts";

describe("verbAt()", () => {
  test.each(verbs)("%s, in whatever case", (verb) => {
    for (const text of [verb, verb.toLowerCase(), ` ${verb}`]) {
      const input = Buffer.from(`${text}\r\n`);
      expect(verbAt(input, text.length - verb.length)).toBe(verb);
    }
  });

  test.each(["", "X", "DAT", "EXPN x", "\x0cata"])("%j is none", (text) => {
    expect(verbAt(Buffer.from(`${text}\r\n`), 0)).toBeUndefined();
  });
});

describe("pathIn()", () => {
  test.each([
    ["MAIL FROM:<a@a.example>\r", "a@a.example", ""],
    ["MAIL FROM:<>", "", ""],
    ["MAIL FROM: <a@a> BODY=8BITMIME SIZE=3 \r", "a@a", "BODY=8BITMIME SIZE=3"],
    ['RCPT TO:<"a>b\\"<"@a> NOTIFY=NEVER\r', '"a>b\\"<"@a', "NOTIFY=NEVER"],
    ["RCPT TO:<ä@ö.example>\r", "ä@ö.example", ""],
  ])("%j", (line, path, parameters) => {
    const input = Buffer.from(`x${line}\nMAIL FROM:<b@b>\r\n`);
    const to = input.indexOf("\n");
    expect(pathIn(input, 1, to)).toEqual({ path, parameters });
  });

  test.each(["MAIL FROM:a@a", "MAIL FROM:<a@a", 'RCPT TO:<"a>@b', "RCPT TO:>"])(
    "%j has none",
    (line) => {
      const input = Buffer.from(`${line}\r\n<b@b>`);
      expect(pathIn(input, 0, input.indexOf("\n"))).toBeUndefined();
    },
  );
});

test("wordsIn() leaves out the line end", () => {
  const input = Buffer.from("BDAT 12 LAST\r\nBDAT");
  expect(wordsIn(input, 0, 13)).toEqual(["BDAT", "12", "LAST"]);
});
