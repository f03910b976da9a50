import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { Histogram } from "./histogram.ts";

function histogramOf(durations: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const duration of durations) histogram.record(duration);
  return histogram;
}

describe("Histogram", () => {
  test("is all zeroes when it is empty", () => {
    expect(new Histogram().percentiles()).toEqual({
      count: 0,
      p50Ms: 0,
      p90Ms: 0,
      p99Ms: 0,
      p999Ms: 0,
      p9999Ms: 0,
      maxMs: 0,
    });
  });

  test("is exact to the microsecond below 0.128 ms", () => {
    const histogram = histogramOf(Array.from({ length: 100 }, (_, i) => (i + 1) / 1_000));
    expect(histogram.atMs(0.5)).toBe(0.05);
    expect(histogram.atMs(0.99)).toBe(0.099);
    expect(histogram.atMs(1)).toBe(0.1);
  });

  test.each([0.128, 0.3, 1, 17.3, 250, 9_999, 2_000_000])(
    "is within 1.6 %% at %d ms",
    (duration) => {
      const histogram = histogramOf([duration, 2_140_000]);
      const found = histogram.atMs(0.5);
      expect(found).toBeGreaterThanOrEqual(duration);
      expect(found).toBeLessThanOrEqual(duration * 1.016);
    },
  );

  test("agrees with sorting", () => {
    const random = seededRandom(7);
    const durations = Array.from({ length: 5_000 }, () => Math.exp(random.next() * 10) / 10);
    const sorted = durations.toSorted((a, b) => a - b);
    const histogram = histogramOf(durations);
    for (const fraction of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const exact = sorted[Math.ceil(fraction * sorted.length) - 1] ?? 0;
      expect(Math.abs(histogram.atMs(fraction) / exact - 1)).toBeLessThan(0.017);
    }
    expect(histogram.percentiles().maxMs).toBeCloseTo(sorted.at(-1) ?? 0, 3);
  });

  test("takes what is too long for the longest it knows, and what is negative for none", () => {
    const histogram = histogramOf([-1, 1e12]);
    expect([histogram.atMs(0.5), histogram.percentiles().maxMs]).toEqual([0, 2_147_483.647]);
  });
});
