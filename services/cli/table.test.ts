import { expect, test } from "bun:test";
import { fields, jsonText, printable, printableLines, table } from "./table.ts";

test("table() aligns its columns, and leaves no blanks at the end", () => {
  expect(
    table(
      ["ID", "STATE", "LAST"],
      [
        ["1", "ready", ""],
        ["22", "down", "refused"],
      ],
    ),
  ).toBe("ID  STATE  LAST\n1   ready\n22  down   refused\n");
});

test("table() without rows is its heading", () => {
  expect(table(["A", "B"], [])).toBe("A  B\n");
});

test("table() cuts long cells, the last column's later", () => {
  const long = "x".repeat(200);
  const row = `${"x".repeat(39)}…  ${"x".repeat(99)}…`;
  expect(table(["A", "B"], [[long, long]])).toBe(`A${" ".repeat(41)}B\n${row}\n`);
});

test("fields() aligns values, and leaves out what there is not", () => {
  const pairs = [
    ["From", "<a@b>"],
    ["Tenant", undefined],
    ["Size", "1\u001b[2J"],
    ["Note", ""],
  ] as const;
  expect(fields(pairs)).toBe("From  <a@b>\nSize  1 [2J\n");
});

test.each([
  ["a\u001b[2Jb\r\nc\u0085d", "a [2Jb c d"],
  ["a\u2028b\u202ec\u2066d", "a b c d"],
  ["Grüße an 東京", "Grüße an 東京"],
])("printable(%j) takes out what would move the cursor", (text, safe) => {
  expect(printable(text)).toBe(safe);
});

test("printableLines() keeps the lines", () => {
  expect(printableLines("a: b\r\n\tc\u0007\r\n")).toBe("a: b\n c \n");
});

test("jsonText() says the same to a machine, and nothing to a terminal", () => {
  const value = { text: "a\u001b[2J\u009b2J\u202e\u007fé\u2028" };
  const text = jsonText(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).toMatch(/^[\n -~é]+$/);
});
