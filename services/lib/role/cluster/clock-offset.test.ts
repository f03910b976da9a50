import { expect, test } from "bun:test";
import { offsetTrouble } from "./clock-offset.ts";

test.each([
  [0, 0, undefined],
  [1_900, 0, undefined],
  [-5_000, 4_000, undefined],
  [3_500, 100, "our clock is 3.5 s ahead of that of the NATS server: does NTP run on both?"],
  [-60_000, 100, "our clock is 60.0 s behind that of the NATS server: does NTP run on both?"],
])("an offset of %i ± %i ms is told as %p", (offsetMs, uncertaintyMs, reason) => {
  expect(offsetTrouble({ offsetMs, uncertaintyMs })?.reason).toBe(reason as string);
});

test("it keeps no work away", () => {
  expect(offsetTrouble({ offsetMs: 10_000, uncertaintyMs: 0 })?.isBlocking).toBe(false);
});
