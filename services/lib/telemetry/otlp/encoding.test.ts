/** The JSON of opentelemetry-proto's examples. */
import { expect, test } from "bun:test";
import { PrometheusMetrics } from "../metrics.ts";
import { metricsRequest, tracesRequest } from "./encoding.ts";

const resource = { "service.name": "godwit-edge" };
const attributes = [{ key: "service.name", value: { stringValue: "godwit-edge" } }];

test("a span, with texts, whole numbers, fractions, flags and nothing", () => {
  const self = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
  const request = tracesRequest(resource, [
    {
      name: "attempt",
      kind: "client",
      ...{ self, parent },
      startedAt: 1_795_892_245_243.25,
      endedAt: 1_795_892_245_300,
      attributes: { host: "mx", code: 550, share: 0.5, tls: true, tenant: undefined },
      failure: "no such user",
    },
    { name: "receive", kind: "server", self, startedAt: 1, endedAt: 2, attributes: {} },
  ]);
  const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const spans = [
    {
      ...trace,
      parentSpanId: "00f067aa0ba902b7",
      name: "attempt",
      kind: 3,
      startTimeUnixNano: "1795892245243250000",
      endTimeUnixNano: "1795892245300000000",
      attributes: [
        { key: "host", value: { stringValue: "mx" } },
        { key: "code", value: { intValue: "550" } },
        { key: "share", value: { doubleValue: 0.5 } },
        { key: "tls", value: { boolValue: true } },
      ],
      status: { code: 2, message: "no such user" },
      flags: 1,
    },
    {
      ...trace,
      name: "receive",
      kind: 2,
      startTimeUnixNano: "1000000",
      endTimeUnixNano: "2000000",
      attributes: [],
      flags: 1,
    },
  ];
  const scopeSpans = [{ scope: { name: "godwit" }, spans }];
  expect(request).toEqual({ resourceSpans: [{ resource: { attributes }, scopeSpans }] });
});

test("metrics: a counter, a gauge and a histogram, since the start", async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter("godwit_x_total", "What x counts.").add(3, { outcome: "delivered" });
  metrics.gauge("godwit_depth", "Depth.", () => 1.5);
  metrics.histogram("godwit_x_seconds", { help: "How long.", buckets: [0.1, 1] }).record(0.5);
  const request = metricsRequest(resource, await metrics.collect());
  const times = {
    startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
    timeUnixNano: expect.stringMatching(/^\d{19}$/),
  };
  const outcome = [{ key: "outcome", value: { stringValue: "delivered" } }];
  const sumPoint = { attributes: outcome, ...times, asDouble: 3 };
  const expected = [
    {
      name: "godwit_x_total",
      description: "What x counts.",
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [sumPoint] },
    },
    {
      name: "godwit_depth",
      description: "Depth.",
      gauge: { dataPoints: [{ attributes: [], ...times, asDouble: 1.5 }] },
    },
    {
      name: "godwit_x_seconds",
      description: "How long.",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...{ attributes: [], ...times, count: "1", sum: 0.5, min: 0.5, max: 0.5 },
            bucketCounts: ["0", "1", "0"],
            explicitBounds: [0.1, 1],
          },
        ],
      },
    },
  ];
  const scopeMetrics = [{ scope: { name: "godwit" }, metrics: expected }];
  expect(request).toEqual({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] });
});
