import { expect, test } from "bun:test";
import { bounceCsv, csvCell } from "./bounce-csv.ts";

test.each([
  ["plain", "plain"],
  [550, "550"],
  ["", ""],
  ["a,b", '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ["=cmd|' /C calc'!A0", `"'=cmd|' /C calc'!A0"`],
  ["+1", `"'+1"`],
  ["-1+1", `"'-1+1"`],
  ["@SUM(1)", `"'@SUM(1)"`],
  ["  =1", `"'  =1"`],
  ["\t=1", `"' =1"`],
  ["\r=1", `"' =1"`],
  ["\uff1d1", `"'\uff1d1"`],
  ["a\r\nb", "a  b"],
  ["\u001b]0;x\u0007", `" ]0;x "`],
])("%j is written as %j", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test("a row a bounce, under a heading that is asked for", () => {
  const bounce = {
    at: 1_795_000_000_000,
    uid: "01JDF8Z5T0ABCDEFGHJKMNPQRA.0",
    kind: "failed",
    class: "bad-mailbox",
    rule: "status 5.1.1",
    recipient: { path: "b@example.com" },
    reversePath: "",
    destination: "example.com",
    code: 550,
    status: "5.1.1",
    text: "=no such user\u0000",
    attempt: 1,
  };
  const row =
    "2026-11-18T11:06:40.000Z,failed,bad-mailbox,status 5.1.1,b@example.com,,example.com,550,5.1.1," +
    `"'=no such user ",,,,,1,01JDF8Z5T0ABCDEFGHJKMNPQRA.0\r\n`;
  expect(bounceCsv([bounce], { hasHeading: false })).toBe(row);
  const [heading, first] = bounceCsv([bounce], { hasHeading: true }).split("\r\n");
  expect(heading?.split(",")).toHaveLength(16);
  expect(first).toBe(row.trimEnd());
  expect(bounceCsv([], { hasHeading: false })).toBe("");
});
