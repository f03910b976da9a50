import { describe, expect, test } from "bun:test";
import { Transits } from "./transits.ts";

const id = (n: number) => ({ run: "r", n });

describe("Transits", () => {
  test("finds the one that took longest, by its first copy", () => {
    const transits = new Transits();
    transits.begun(id(0), 0);
    transits.begun(id(1), 10);
    transits.arrived(id(1), 500);
    transits.arrived(id(0), 20);
    transits.arrived(id(1), 9_000);
    expect(transits.longestMs).toBe(490);
  });

  test("knows nothing of what was begun before it began anew", () => {
    const transits = new Transits();
    transits.begun(id(0), 0);
    transits.restart();
    transits.begun(id(1), 100);
    transits.arrived(id(0), 1_000);
    transits.arrived(id(1), 101);
    expect(transits.longestMs).toBe(1);
  });
});
