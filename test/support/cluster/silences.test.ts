import { describe, expect, test } from "bun:test";
import { Silences } from "./silences.ts";

describe("Silences", () => {
  test("finds the longest time between two of one destination", () => {
    const silences = new Silences();
    silences.heard("a", 0);
    silences.heard("b", 10);
    silences.heard("a", 100);
    silences.heard("b", 500);
    expect(silences.longestMs).toBe(490);
  });

  test("begins anew", () => {
    const silences = new Silences();
    silences.heard("a", 0);
    silences.heard("a", 100);
    silences.restart();
    silences.heard("a", 1_000);
    silences.heard("a", 1_001);
    expect(silences.longestMs).toBe(1);
  });
});
