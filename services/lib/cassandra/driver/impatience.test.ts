import { expect, test } from "bun:test";
import { Impatience } from "./impatience.ts";

const delays = (query: string | readonly object[]) => {
  const plan = new Impatience().newPlan("godwit", query);
  return [plan.nextExecution(), plan.nextExecution()];
};

test("a read is asked of one more node, and soon", () => {
  expect(delays("SELECT state FROM unit WHERE uid = ?")).toEqual([50, -1]);
});

test("a write is asked of one more node, when the first has surely stopped", () => {
  expect(delays("INSERT INTO unit (uid) VALUES (?)")).toEqual([500, -1]);
  expect(delays([{ query: "INSERT" }])).toEqual([500, -1]);
});
