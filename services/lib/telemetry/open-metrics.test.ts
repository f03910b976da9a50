import { expect, test } from "bun:test";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { PrometheusMetrics } from "./metrics.ts";

const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const text = (metrics: PrometheusMetrics) => metrics.render("openMetrics");

test("every kind of metric, and the end", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("godwit_x_total", 'What "x" counts.').add(2, { text: 'a"b\\c\nd' });
  metrics.gauge("godwit_depth", "Depth.", () => Number.POSITIVE_INFINITY);
  const histogram = metrics.histogram("godwit_s_seconds", { help: "S.", buckets: [0.1, 1] });
  for (const value of [0.05, 0.5, 5]) histogram.record(value, { provider: "p" });
  expect(await text(metrics)).toBe(`# TYPE godwit_x counter
# HELP godwit_x What \\"x\\" counts.
godwit_x_total{text="a\\"b\\\\c\\nd"} 2
# TYPE godwit_depth gauge
# HELP godwit_depth Depth.
godwit_depth +Inf
# TYPE godwit_s_seconds histogram
# HELP godwit_s_seconds S.
godwit_s_seconds_bucket{provider="p",le="0.1"} 1
godwit_s_seconds_bucket{provider="p",le="1"} 2
godwit_s_seconds_bucket{provider="p",le="+Inf"} 3
godwit_s_seconds_count{provider="p"} 3
godwit_s_seconds_sum{provider="p"} 5.55
# EOF
`);
});

test("the bucket of a traced message names its trace; the other text format has no place for it", async () => {
  const clock = new ManualClock();
  const metrics = new PrometheusMetrics(clock);
  const histogram = metrics.histogram("godwit_s_seconds", { help: "S.", buckets: [0.1, 1] });
  histogram.record(0.5, { provider: "p" }, trace);
  histogram.record(0.7, { provider: "p" });
  histogram.record(0.5, { provider: "q" });
  const ids = `trace_id="${"a".repeat(32)}",span_id="${"b".repeat(16)}"`;
  const line = `godwit_s_seconds_bucket{provider="p",le="1"} 2 # {${ids}} 0.5 ${clock.now() / 1_000}`;
  const lines = (await text(metrics)).split("\n");
  expect(lines.filter((it) => it.includes("trace_id"))).toEqual([line]);
  expect(await metrics.render()).not.toContain("trace_id");
});

test("a counter that would have the name of a gauge is of no type: names are of one family", async () => {
  const metrics = new PrometheusMetrics();
  metrics.gauge("godwit_edge_sessions", "Open.", () => 1);
  metrics.counter("godwit_edge_sessions_total", "Opened.").add();
  const lines = (await text(metrics)).split("\n").filter((line) => line.startsWith("# TYPE"));
  expect(lines).toEqual([
    "# TYPE godwit_edge_sessions gauge",
    "# TYPE godwit_edge_sessions_total unknown",
  ]);
});

test("without anything there is the end", async () => {
  expect(await text(new PrometheusMetrics())).toBe("# EOF\n");
});
