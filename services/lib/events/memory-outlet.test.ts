import { expect, test } from "bun:test";
import { eventsOf } from "../../../test/support/events/event-records.ts";
import { MemoryOutlet } from "./memory-outlet.ts";

test("the newest are kept", async () => {
  const outlet = new MemoryOutlet(3);
  await outlet.write({ n: 1, records: eventsOf(5) });
  expect(outlet.records.map(({ attempt }) => attempt)).toEqual([2, 3, 4]);
});

test("nothing is taken while it fails", async () => {
  const outlet = new MemoryOutlet();
  outlet.failure = new Error("full");
  await expect(outlet.write({ n: 1, records: eventsOf(1) })).rejects.toThrow("full");
  expect(outlet.records).toEqual([]);
});
