import { expect, test } from "bun:test";
import { Slots } from "./slots.ts";

test("no more than so many run at once, and in order", async () => {
  const slots = new Slots(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const running = [0, 1, 2, 3].map((n) =>
    slots.run(async () => {
      started.push(n);
      await new Promise<void>((end) => ends.push(end));
    }),
  );
  await Promise.resolve();
  expect(started).toEqual([0, 1]);
  for (let n = 0; n < 4; n++) {
    ends[n]?.();
    await running[n];
    await Promise.resolve();
  }
  expect(started).toEqual([0, 1, 2, 3]);
  expect(slots.free).toBe(2);
});

test("a task that fails gives its slot back", async () => {
  const slots = new Slots(1);
  await expect(slots.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await slots.run(async () => "done")).toBe("done");
});
