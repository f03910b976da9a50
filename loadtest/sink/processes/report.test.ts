import { expect, test } from "bun:test";
import { Tally } from "../tally.ts";
import { faultsOf, sumOf } from "./report.ts";

test("numbers are added, times are the first and the last", () => {
  const none = new Tally("nothing", {}).counts;
  const one = { ...none, messages: 2, sessionsOpenMax: 3, firstAt: 10, lastNewAt: 20 };
  const other = { ...none, messages: 5, sessionsOpenMax: 1, firstAt: 8, lastNewAt: 15 };
  expect(sumOf([none, one, other])).toEqual({
    ...none,
    messages: 7,
    sessionsOpenMax: 4,
    firstAt: 8,
    lastNewAt: 20,
  });
  expect(sumOf([])).toEqual(none);
});

test("faults are added by name", () => {
  expect(faultsOf([{ "drop at rcpt": 1 }, { "drop at rcpt": 2, "drop at data": 3 }])).toEqual({
    "drop at rcpt": 3,
    "drop at data": 3,
  });
});
