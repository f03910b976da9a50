import { expect, test } from "bun:test";
import { hgrmText } from "./hgrm.ts";
import { Histogram } from "./histogram.ts";

test("each bucket has a line, the last one all of them", () => {
  const histogram = new Histogram();
  for (const durationMs of [0.01, 0.01, 0.02, 0.1]) histogram.record(durationMs);
  expect(hgrmText(histogram).split("\n")).toEqual([
    "       Value     Percentile TotalCount 1/(1-Percentile)",
    "",
    "       0.010 0.500000000000          2             2.00",
    "       0.020 0.750000000000          3             4.00",
    "       0.100 1.000000000000          4",
    "#[Mean    =        0.035, StdDeviation   =        0.038]",
    "#[Max     =        0.100, Total count    =            4]",
    "",
  ]);
});

test("nothing was recorded", () => {
  expect(hgrmText(new Histogram())).toContain("Total count    =            0]");
});
