import { describe, expect, test } from "bun:test";
import { csvLine, csvRows } from "./csv.ts";

const rowsOf = (text: string) =>
  [...csvRows(text)].map(({ line, cells }) => `${line}: ${cells.join("|")}`);

describe("csvRows()", () => {
  test.each([
    ["rows of cells", "a,b\nc,d\n", ["1: a|b", "2: c|d"]],
    ["other line ends, and none at the end", "a\r\nb\rc", ["1: a", "2: b", "2: c"]],
    ["empty cells", "a,,\n,b\n", ["1: a||", "2: |b"]],
    ["no empty rows", "\n\na\n\n,\n", ["3: a"]],
    ["quoted cells", '"a,b","c""d"\n', ['1: a,b|c"d']],
    ["line ends within quotes", '"a\nb",c\nd\n', ["1: a\nb|c", "3: d"]],
    ["quotes that are wrong", '"a"x,b\n"c\nd\n', ['1: "a"x|b', '2: "c', "3: d"]],
    ["a byte order mark", "\uFEFFa\n", ["1: a"]],
    ["a comma at the end", "a,", ["1: a"]],
    ["nothing", "", []],
  ])("finds %s", (_, text, rows) => {
    expect(rowsOf(text)).toEqual(rows);
  });
});

test("csvLine() writes what csvRows() reads", () => {
  const cells = ["a", "", 'b"c', "d,e", "f\ng", " h "];
  expect([...csvRows(csvLine(cells))].map((row) => row.cells)).toEqual([cells]);
});
