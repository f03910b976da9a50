import { beforeEach, expect, test } from "bun:test";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { SinkRecord } from "./sink-record.ts";

let clock: ManualClock;
let record: SinkRecord;

beforeEach(() => {
  clock = new ManualClock();
  record = new SinkRecord(clock);
  // One from 0 on, two from 100 to 300, one until 400.
  record.opened();
  clock.advance(100);
  record.opened();
  clock.advance(200);
  record.closed();
  clock.advance(100);
  record.closed();
});

test("a message is noted when it comes", () => {
  record.mail();
  clock.advance(5);
  record.mail();
  expect(record.mails).toEqual([400, 405]);
});

test.each([
  { from: 0, until: 400, most: 2, mean: 1.5 },
  { from: 150, until: 250, most: 2, mean: 2 },
  { from: 200, until: 400, most: 2, mean: 1.5 },
  { from: 350, until: 450, most: 1, mean: 0.5 },
])("from $from until $until there are $most at the most, $mean on the average", (seen) => {
  const { from, until, most, mean } = seen;
  expect(record.open(from, until)).toEqual({ most, mean });
});

test.each([
  { from: 0, until: 500, above: 200 },
  { from: 200, until: 500, above: 100 },
  { from: 150, until: 250, above: 100 },
  { from: 0, until: 150, above: 50 },
  { from: 300, until: 500, above: 0 },
])("from $from until $until there are more than one for $above ms at a time", (seen) => {
  const { from, until, above } = seen;
  expect(record.longestAboveMs(1, from, until)).toBe(above);
});
