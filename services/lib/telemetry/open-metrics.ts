/** Metrics in the text format of OpenMetrics 1.0, which has a place for exemplars. */
import { DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import type { Exemplar } from "./exemplars.ts";
import { spanIdOf, traceIdOf } from "./tracing.ts";

type Values = Readonly<Record<string, unknown>>;

export interface Bucket {
  readonly name: string;
  readonly labels: Values;
  /** From 0; the last has no end. */
  readonly bucket: number;
}

export type ExemplarOf = (bucket: Bucket) => Exemplar | undefined;

const counterEnd = /_total$/;

export function openMetricsText(metrics: readonly MetricData[], exemplarOf: ExemplarOf): string {
  const names = new Set(metrics.map(({ descriptor }) => descriptor.name));
  const families = metrics.flatMap((metric) => familyOf(metric, names, exemplarOf));
  return `${[...families, "# EOF"].join("\n")}\n`;
}

function familyOf(
  metric: MetricData,
  names: ReadonlySet<string>,
  exemplarOf: ExemplarOf,
): readonly string[] {
  const { name, description } = metric.descriptor;
  const head = (family: string, type: string) => [
    `# TYPE ${family} ${type}`,
    `# HELP ${family} ${escaped(description)}`,
  ];
  switch (metric.dataPointType) {
    case DataPointType.SUM: {
      const family = name.replace(counterEnd, "");
      // Families have names of their own: beside a gauge of that name the counter has none.
      const isClashing = family === name || names.has(family);
      return [
        ...(isClashing ? head(name, "unknown") : head(family, "counter")),
        ...metric.dataPoints.map(({ attributes, value }) => sample(name, attributes, value)),
      ];
    }
    case DataPointType.GAUGE:
      return [
        ...head(name, "gauge"),
        ...metric.dataPoints.map(({ attributes, value }) => sample(name, attributes, value)),
      ];
    case DataPointType.HISTOGRAM:
      return [
        ...head(name, "histogram"),
        ...metric.dataPoints.flatMap(({ attributes, value }) => [
          ...bucketSamples({ name, labels: attributes, ...value.buckets }, exemplarOf),
          sample(`${name}_count`, attributes, value.count),
          sample(`${name}_sum`, attributes, value.sum ?? 0),
        ]),
      ];
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new TypeError(`Cannot encode "${name}": we make no such histograms`);
  }
}

interface Buckets {
  readonly name: string;
  readonly labels: Values;
  readonly boundaries: readonly number[];
  /** One more than there are boundaries. */
  readonly counts: readonly number[];
}

function bucketSamples(
  { name, labels, boundaries, counts }: Buckets,
  exemplarOf: ExemplarOf,
): readonly string[] {
  let sum = 0;
  return counts.map((count, bucket) => {
    sum += count;
    const le = numberText(boundaries[bucket] ?? Number.POSITIVE_INFINITY);
    const line = sample(`${name}_bucket`, { ...labels, le }, sum);
    const exemplar = exemplarOf({ name, labels, bucket });
    return exemplar === undefined ? line : `${line} # ${exemplarText(exemplar)}`;
  });
}

function exemplarText({ trace, value, at }: Exemplar): string {
  const labels = labelsText({ trace_id: traceIdOf(trace), span_id: spanIdOf(trace) });
  return `${labels} ${numberText(value)} ${numberText(at / 1_000)}`;
}

function sample(name: string, labels: Values, value: number): string {
  return `${name}${labelsText(labels)} ${numberText(value)}`;
}

function labelsText(labels: Values): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(String(value))}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
