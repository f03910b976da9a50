import { describe, expect, test } from "bun:test";
import { Journeys } from "./journeys.ts";

const id = (n: number) => ({ run: "r", n });
const any = () => true;

describe("Journeys", () => {
  test("are counted where they began, for whom they were", () => {
    const journeys = new Journeys();
    for (const n of [0, 1, 2]) journeys.begun(id(n), n * 100);
    journeys.arrived(id(0), "a.example", 1_000);
    journeys.arrived(id(1), "b.example", 150);
    journeys.arrived(id(2), "a.example", 220);
    const first = { from: 0, to: 200 };
    expect(journeys.taken(first, any)).toMatchObject({ count: 2, maxMs: 1_000 });
    expect(journeys.taken(first, (it) => it === "b.example")).toMatchObject({
      count: 1,
      maxMs: 50,
    });
    expect(journeys.taken({ from: 200, to: 300 }, any)).toMatchObject({ count: 1, maxMs: 20 });
    expect(journeys.longestMs).toBe(1_000);
  });

  test("end with the first copy, and are none when they were begun before all began anew", () => {
    const journeys = new Journeys();
    journeys.begun(id(0), 0);
    journeys.begun(id(1), 0);
    journeys.arrived(id(0), "a.example", 5);
    journeys.arrived(id(0), "a.example", 500);
    expect(journeys.longestMs).toBe(5);
    journeys.restart();
    journeys.arrived(id(1), "a.example", 9_000);
    expect(journeys.longestMs).toBe(0);
  });
});
