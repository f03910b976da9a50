/** A table and a plot for each axis, and how much dearer a message becomes where it grows tenfold. */
import { table } from "../../../services/cli/table.ts";
import type { AxisName } from "./axes.ts";
import type { Step } from "./scaling.ts";

const mib = 2 ** 20;
const barWidth = 40;

export function scalingText(steps: readonly Step[]): string {
  const names = [...new Set(steps.map(({ axis }) => axis))];
  return names.map((name) => axisText(name, stepsOf(steps, name))).join("\n");
}

export function stepText({ axis, at, throughPerSecond, cpuPerThousandSeconds }: Step): string {
  return `${axis} ${at}: ${throughPerSecond.toFixed(0)} through/s, CPU ${cpuPerThousandSeconds.toFixed(3)} s/1000\n`;
}

function stepsOf(steps: readonly Step[], name: AxisName): readonly Step[] {
  return steps.filter(({ axis }) => axis === name);
}

function axisText(name: AxisName, steps: readonly Step[]): string {
  const most = Math.max(...steps.map((it) => it.cpuPerThousandSeconds));
  const heading = [name, "through/s", "p50 ms", "RSS MiB", "others", "CPU s/1000", ""];
  const rows = steps.map((it) => [
    String(it.at),
    it.throughPerSecond.toFixed(0),
    it.p50Ms.toFixed(2),
    (it.rssBytes / mib).toFixed(0),
    it.othersCores.toFixed(2),
    it.cpuPerThousandSeconds.toFixed(3),
    "█".repeat(Math.max(1, Math.round((it.cpuPerThousandSeconds / most) * barWidth))),
  ]);
  const growth = perTenfold(steps);
  const verdict = growth === undefined ? "" : `tenfold: ${percent(growth)} a message\n`;
  return table(heading, rows) + verdict;
}

function percent(share: number): string {
  return `${share < 0 ? "" : "+"}${(share * 100).toFixed(0)} %`;
}

/**
 * By how much the cost of a message grows where the axis grows tenfold, as a share of the first
 * step's: the slope of the best line of cost over log10. A cost that is O(log n) has a constant one.
 * @returns undefined below two steps; a step of 0 counts as 1
 */
export function perTenfold(steps: readonly Step[]): number | undefined {
  const [first] = steps;
  if (first === undefined || steps.length < 2) return undefined;
  const points = steps.map(({ at, cpuPerThousandSeconds }) => ({
    x: Math.log10(Math.max(1, at)),
    y: cpuPerThousandSeconds,
  }));
  const meanX = meanOf(points.map(({ x }) => x));
  const meanY = meanOf(points.map(({ y }) => y));
  const above = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return below === 0 ? undefined : above / below / first.cpuPerThousandSeconds;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
