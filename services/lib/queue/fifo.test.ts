import { describe, expect, test } from "bun:test";
import { Fifo } from "./fifo.ts";

describe("Fifo", () => {
  test("gives back in order what was put in, across compaction", () => {
    const fifo = new Fifo<number>();
    const out: number[] = [];
    for (let i = 0; i < 5000; i++) {
      fifo.push(i);
      if (i % 3 !== 0) out.push(fifo.shift() ?? -1);
    }
    while (fifo.length > 0) out.push(fifo.shift() ?? -1);
    expect(out).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(fifo.shift()).toBeUndefined();
    expect(fifo.peek()).toBeUndefined();
  });

  test("take() removes what is picked and keeps the order of the rest", () => {
    const fifo = new Fifo<number>();
    for (const i of [1, 2, 3, 4, 5, 6]) fifo.push(i);
    fifo.shift();
    expect(fifo.take((i) => i % 2 === 0)).toEqual([2, 4, 6]);
    expect([...fifo]).toEqual([3, 5]);
    expect(fifo.peek()).toBe(3);
    expect(fifo.length).toBe(2);
  });
});
