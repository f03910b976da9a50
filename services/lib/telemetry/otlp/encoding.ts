/** Metrics and spans in the JSON of OTLP 1.x (opentelemetry-proto, "JSON Protobuf Encoding"). */
import type { HrTime } from "@opentelemetry/api";
import { DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { type Span, spanIdOf, traceIdOf } from "../tracing.ts";

type Values = Readonly<Record<string, unknown>>;

/** Whose they are: `service.name` and the like. */
export type Resource = Readonly<Record<string, string>>;

const scope = { name: "godwit" };
/** AGGREGATION_TEMPORALITY_CUMULATIVE: since the start, as Prometheus has it, too. */
const cumulative = 2;
const kinds = { internal: 1, server: 2, client: 3, producer: 4 } as const;
/** STATUS_CODE_ERROR. */
const failed = 2;

export function metricsRequest(resource: Resource, metrics: readonly MetricData[]): Values {
  const scopeMetrics = [{ scope, metrics: metrics.map(metricOf) }];
  return { resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics }] };
}

export function tracesRequest(resource: Resource, spans: readonly Span[]): Values {
  const scopeSpans = [{ scope, spans: spans.map(spanOf) }];
  return { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] };
}

function spanOf(span: Span): Values {
  const { name, kind, self, parent, startedAt, endedAt, attributes, failure } = span;
  return {
    traceId: traceIdOf(self),
    spanId: spanIdOf(self),
    ...(parent === undefined ? {} : { parentSpanId: spanIdOf(parent) }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanosOf(startedAt),
    endTimeUnixNano: nanosOf(endedAt),
    attributes: attributesOf(attributes),
    ...(failure === undefined ? {} : { status: { code: failed, message: failure } }),
    // W3C: sampled.
    flags: 1,
  };
}

function metricOf(metric: MetricData): Values {
  const { name, description } = metric.descriptor;
  const head = { name, description };
  switch (metric.dataPointType) {
    case DataPointType.SUM: {
      const dataPoints = metric.dataPoints.map((point) => ({
        ...pointOf(point),
        asDouble: point.value,
      }));
      const sum = { aggregationTemporality: cumulative, isMonotonic: metric.isMonotonic };
      return { ...head, sum: { ...sum, dataPoints } };
    }
    case DataPointType.GAUGE: {
      const dataPoints = metric.dataPoints.map((point) => ({
        ...pointOf(point),
        asDouble: point.value,
      }));
      return { ...head, gauge: { dataPoints } };
    }
    case DataPointType.HISTOGRAM: {
      const dataPoints = metric.dataPoints.map((point) => {
        const { buckets, count, sum, min, max } = point.value;
        return {
          ...pointOf(point),
          count: String(count),
          ...{ sum, min, max },
          bucketCounts: buckets.counts.map(String),
          explicitBounds: buckets.boundaries,
        };
      });
      return { ...head, histogram: { aggregationTemporality: cumulative, dataPoints } };
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new TypeError(`Cannot encode "${name}": we make no such histograms`);
  }
}

interface Point {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Values;
}

function pointOf({ startTime, endTime, attributes }: Point): Values {
  return {
    attributes: attributesOf(attributes),
    startTimeUnixNano: hrNanosOf(startTime),
    timeUnixNano: hrNanosOf(endTime),
  };
}

function attributesOf(attributes: Values): readonly Values[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): Values {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value !== "number") return { stringValue: String(value) };
  // 64-bit integers are texts in this encoding.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Of milliseconds; in two parts, for together they are beyond what a number can hold exactly. */
function nanosOf(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const rest = Math.floor((milliseconds - whole) * 1e6);
  return `${whole}${String(rest).padStart(6, "0")}`;
}

function hrNanosOf([seconds, nanos]: HrTime): string {
  return `${seconds}${String(Math.floor(nanos)).padStart(9, "0")}`;
}
