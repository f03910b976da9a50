import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { watchFiles } from "./file-watch.ts";

test("a change is told once, and nothing after the end", async () => {
  const clock = new VirtualClock(0);
  let files = "a";
  let changes = 0;
  const stop = watchFiles({
    clock,
    fingerprint: () => files,
    changed: () => {
      changes += 1;
    },
  });
  await clock.advance(60_000);
  expect(changes).toBe(0);
  files = "b";
  await clock.advance(10_000);
  expect(changes).toBe(1);
  await clock.advance(60_000);
  expect(changes).toBe(1);
  stop();
  files = "c";
  await clock.advance(60_000);
  expect(changes).toBe(1);
});
