import { describe, expect, test } from "bun:test";
import { PrometheusMetrics } from "./metrics.ts";

/** The lines of one metric, without help and type. */
async function linesOf(metrics: PrometheusMetrics, name: string): Promise<string[]> {
  const text = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("PrometheusMetrics", () => {
  test("a counter adds up, by labels", async () => {
    const metrics = new PrometheusMetrics();
    const counter = metrics.counter("godwit_x_total", "What x counts.");
    counter.add();
    counter.add(2, { outcome: "delivered" });
    counter.add(3, { outcome: "delivered" });
    expect(await linesOf(metrics, "godwit_x_total")).toEqual([
      "godwit_x_total 1",
      'godwit_x_total{outcome="delivered"} 5',
    ]);
    expect(await metrics.render()).toContain("# HELP godwit_x_total What x counts.\n");
    expect(await metrics.render()).toContain("# TYPE godwit_x_total counter\n");
  });

  test("a gauge is asked at each render", async () => {
    const metrics = new PrometheusMetrics();
    let depth = 1;
    metrics.gauge("godwit_depth", "Depth.", () => depth);
    expect(await linesOf(metrics, "godwit_depth")).toEqual(["godwit_depth 1"]);
    depth = 7;
    expect(await linesOf(metrics, "godwit_depth")).toEqual(["godwit_depth 7"]);
  });

  test("what a gauge tells no more is gone, and comes back", async () => {
    const metrics = new PrometheusMetrics();
    let waiting: { value: number; labels: Record<string, string> }[] = [
      { value: 3, labels: { reason: "down", provider: "big" } },
      { value: 1, labels: { reason: "limit", provider: "big" } },
    ];
    metrics.gauge("godwit_waiting", "Waiting.", () => waiting);
    const [first, second] = await linesOf(metrics, "godwit_waiting");
    waiting = waiting.slice(1);
    expect(await linesOf(metrics, "godwit_waiting")).toEqual([second ?? ""]);
    waiting = [];
    expect(await linesOf(metrics, "godwit_waiting")).toEqual([]);
    // In another order it is the same.
    waiting = [{ value: 3, labels: { provider: "big", reason: "down" } }];
    expect(await linesOf(metrics, "godwit_waiting")).toEqual([first ?? ""]);
  });

  test("a gauge may have a value for each of its labels", async () => {
    const metrics = new PrometheusMetrics();
    metrics.gauge("godwit_by_shard", "By shard.", () => [
      { value: 1, labels: { shard: "0" } },
      { value: 2, labels: { shard: "1" } },
    ]);
    expect(await linesOf(metrics, "godwit_by_shard")).toEqual([
      'godwit_by_shard{shard="0"} 1',
      'godwit_by_shard{shard="1"} 2',
    ]);
  });

  test("a histogram counts into its buckets", async () => {
    const metrics = new PrometheusMetrics();
    const histogram = metrics.histogram("godwit_s_seconds", { help: "S.", buckets: [0.1, 1] });
    for (const value of [0.05, 0.5, 5]) histogram.record(value);
    expect(await linesOf(metrics, "godwit_s_seconds")).toEqual([
      "godwit_s_seconds_count 3",
      "godwit_s_seconds_sum 5.55",
      'godwit_s_seconds_bucket{le="0.1"} 1',
      'godwit_s_seconds_bucket{le="1"} 2',
      'godwit_s_seconds_bucket{le="+Inf"} 3',
    ]);
  });

  test("a gauge that fails hides no other", async () => {
    const metrics = new PrometheusMetrics();
    metrics.gauge("godwit_broken", "Broken.", () => {
      throw new Error("no");
    });
    metrics.gauge("godwit_whole", "Whole.", () => 1);
    expect(await linesOf(metrics, "godwit_whole")).toEqual(["godwit_whole 1"]);
  });

  test("values of labels are escaped", async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter("godwit_l_total", "L.").add(1, { text: 'a"b\\c\nd' });
    expect(await linesOf(metrics, "godwit_l_total")).toEqual([
      'godwit_l_total{text="a\\"b\\\\c\\nd"} 1',
    ]);
  });

  test("two processes' metrics do not mix", async () => {
    const [a, b] = [new PrometheusMetrics(), new PrometheusMetrics()];
    a.counter("godwit_a_total", "A.").add();
    expect(await linesOf(b, "godwit_a_total")).toEqual([]);
  });
});
