import { expect, test } from "bun:test";
import type { Step } from "./scaling.ts";
import { perTenfold, scalingText } from "./scaling-report.ts";

test("what grows with the logarithm has one growth per tenfold", () => {
  const steps = [1, 10, 100, 1_000].map((at, i) => step(at, 0.2 + 0.02 * i));
  expect(perTenfold(steps)).toBeCloseTo(0.1);
});

test("what stays as it is grows by nothing, and nothing is said of one step", () => {
  expect(perTenfold([step(0, 0.3), step(1_000_000, 0.3)])).toBeCloseTo(0);
  expect(perTenfold([step(1, 0.3)])).toBeUndefined();
  expect(perTenfold([step(0, 0.3), step(1, 0.3)])).toBeUndefined();
});

test("a table for each axis, with a bar as long as the cost", () => {
  const text = scalingText([step(1, 0.1), step(10, 0.2), { ...step(4, 1), axis: "shards" }]);
  expect(text).toContain("sessions");
  expect(text).toContain(`0.200       ${"█".repeat(40)}`);
  expect(text).toContain(`0.100       ${"█".repeat(20)}\n`);
  expect(text).toContain("tenfold: +100 % a message");
  expect(text).toContain("shards");
});

function step(at: number, cpuPerThousandSeconds: number): Step {
  return {
    axis: "sessions",
    at,
    cpuPerThousandSeconds,
    throughPerSecond: 1_000,
    p50Ms: 2,
    rssBytes: 2 ** 20,
    othersCores: 0,
  };
}
