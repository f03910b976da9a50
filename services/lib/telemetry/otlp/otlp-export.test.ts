/** Against a collector on loopback. */
import { expect, test } from "bun:test";
import { FakeCollector } from "../../../../test/support/telemetry/fake-collector.ts";
import { systemClock } from "../../clock.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { silentLog as log } from "../log.ts";
import { PrometheusMetrics } from "../metrics.ts";
import { OtlpExport } from "./otlp-export.ts";

const resource = { "service.name": "godwit-test" };
const self = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const span = {
  name: "x",
  kind: "internal",
  self,
  startedAt: 1,
  endedAt: 2,
  attributes: {},
} as const;

test("metrics are posted at each interval", async () => {
  await using collector = new FakeCollector();
  const metrics = new PrometheusMetrics();
  const counter = metrics.counter("godwit_x_total", "x");
  const clock = new VirtualClock();
  const common = { url: collector.url, headers: { "x-scope": "a" }, intervalMs: 1_000 };
  const otlp = new OtlpExport({ ...common, resource, metrics, clock, log });
  otlp.start();
  counter.add();
  const first = collector.has(({ posts }) => posts.length === 1);
  await clock.advance(1_000);
  await first;
  expect(collector.posts[0]).toMatchObject({ path: "/v1/metrics" });
  expect(collector.posts[0]?.headers.get("x-scope")).toBe("a");
  expect(collector.metrics.get("godwit_x_total")).toMatchObject({
    sum: { dataPoints: [{ asDouble: 1 }] },
  });
  await otlp.stop();
  await clock.advance(5_000);
  expect(collector.posts.map(({ path }) => path)).toEqual(["/v1/metrics", "/v1/metrics"]);
});

test("the last spans and metrics are sent at the end", async () => {
  await using collector = new FakeCollector();
  const metrics = new PrometheusMetrics();
  const common = { url: collector.url, headers: {}, intervalMs: 60_000 };
  const otlp = new OtlpExport({ ...common, resource, metrics, clock: systemClock, log });
  otlp.start();
  otlp.end(span);
  await otlp.stop();
  expect(collector.spans).toMatchObject([{ name: "x", service: "godwit-test" }]);
  expect(collector.posts.map(({ path }) => path).toSorted()).toEqual(["/v1/metrics", "/v1/traces"]);
  expect(await metrics.render()).toContain('godwit_telemetry_spans_total{outcome="exported"} 1');
  await otlp.stop();
});

/** With a collector that answers when a test lets it. */
function exporting() {
  const clock = new VirtualClock();
  const metrics = new PrometheusMetrics();
  const answers: (() => void)[] = [];
  const answered = async () => {
    await new Promise<void>((resolve) => void answers.push(resolve));
    return new Response("{}");
  };
  const common = { url: "http://collector", headers: {}, intervalMs: 1_000 };
  const otlp = new OtlpExport({ ...common, resource, metrics, clock, log, fetch: answered });
  return { clock, metrics, answers, otlp };
}

test("metrics go an interval after the last answer", async () => {
  const { clock, answers, otlp } = exporting();
  otlp.start();
  await clock.advance(5_000);
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await clock.advance(1_000);
  expect(answers).toHaveLength(2);
});

test.each([
  ["while a post is under way", 1_000],
  ["between two", 0],
])("%s it stops with a last one", async (_, sinceMs) => {
  const { clock, answers, otlp } = exporting();
  otlp.start();
  await clock.advance(1_000);
  answers[0]?.();
  await clock.advance(sinceMs);
  const before = answers.length;
  const stopping = otlp.stop();
  await clock.advance(0);
  expect(answers).toHaveLength(before + 1);
  for (const answer of answers) answer();
  await stopping;
  expect(clock.nextDueAt()).toBeUndefined();
  await otlp.stop();
  expect(answers).toHaveLength(before + 1);
});

test("a collector that never answers holds up the end for two seconds", async () => {
  const { clock, metrics, otlp } = exporting();
  otlp.end(span);
  let isStopped = false;
  const stopping = otlp.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(1_999);
  otlp.end(span);
  expect(isStopped).toBe(false);
  await clock.advance(1);
  await stopping;
  expect(await metrics.render()).toContain('godwit_telemetry_spans_total{outcome="dropped"} 1');
});
