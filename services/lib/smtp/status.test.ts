import { describe, expect, test } from "bun:test";
import { parseStatus, type Status, statusClass } from "./status.ts";

describe("parseStatus()", () => {
  const cases: [string, string | undefined][] = [
    ["2.0.0 Ok", "2.0.0"],
    ["4.4.1", "4.4.1"],
    ["5.7.133 Sender not authenticated", "5.7.133"],
    ["3.0.0 Ok", undefined],
    ["2.0 Ok", undefined],
    ["2.0.0.0 Ok", undefined],
    ["2.0.0-Ok", undefined],
    ["2.1000.0 Ok", undefined],
    [" 2.0.0 Ok", undefined],
    ["Ok 2.0.0", undefined],
    ["192.0.2.1 is blocked", undefined],
    ["", undefined],
  ];
  test.each(cases)("%p: %p", (text, status) => {
    expect<string | undefined>(parseStatus(text)).toBe(status);
  });
});

test("statusClass() is the first number", () => {
  const statuses: Status[] = ["2.0.0", "4.4.1", "5.7.1"];
  expect(statuses.map(statusClass)).toEqual([2, 4, 5]);
});
