import { expect, test } from "bun:test";
import { markdownTable } from "./markdown.ts";

test("markdownTable() has a heading, a rule and the rows", () => {
  const rows = [
    ["a|b", "1"],
    ["c", ""],
  ];
  expect(markdownTable({ heading: ["", "runs"], rows })).toBe(
    "|  | runs |\n|---|---|\n| a\\|b | 1 |\n| c |  |\n",
  );
});
