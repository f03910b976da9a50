/** A chart for the tests of a file. */
import { afterAll, beforeAll } from "bun:test";
import { chartToolsMaxMs, chartToolsMissing } from "../servers/toolchain/chart-tools.ts";
import { Chart } from "./chart.ts";

/** Hands it over before the first test, and closes it after the last. Tells why it cannot be had. */
export function openedChart(take: (chart: Chart) => void): string | undefined {
  const missing = chartToolsMissing();
  let opened: Chart | undefined;
  beforeAll(async () => {
    if (missing !== undefined) return;
    opened = await Chart.open();
    take(opened);
  }, chartToolsMaxMs);
  afterAll(() => opened?.close());
  return missing;
}
