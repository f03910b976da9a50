/** What the process counts, and the texts in which Prometheus reads it. */
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { DataPointType, MeterProvider, type MetricData } from "@opentelemetry/sdk-metrics";
import { type Clock, systemClock } from "#lib/clock";
import { Exemplars } from "./exemplars.ts";
import { openMetricsText } from "./open-metrics.ts";

/** Names of labels and their values; few of each, for every combination is kept. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `n`, 1 unless told. Cheap: a tenth of a microsecond. */
  add(n?: number, labels?: Labels): void;
}

export interface Histogram {
  /** `trace`: `traceparent` of the message that is counted, if it is traced. */
  record(value: number, labels?: Labels, trace?: string): void;
}

/** One value, or one for each combination of labels. */
export type Observed = number | readonly { readonly value: number; readonly labels: Labels }[];

export interface HistogramOptions {
  readonly help: string;
  /** Upper ends of the buckets, rising. */
  readonly buckets: readonly number[];
}

export interface Metrics {
  /** `name` ends in `_total`. */
  counter(name: string, help: string): Counter;
  /** Asked at each render. */
  gauge(name: string, help: string, observe: () => Observed): void;
  histogram(name: string, options: HistogramOptions): Histogram;
  /** Default: Prometheus' own format. Exemplars are in OpenMetrics alone. */
  render(format?: MetricsFormat): Promise<string>;
}

export type MetricsFormat = "prometheus" | "openMetrics";

/** Seconds, from a millisecond to the ten minutes of RFC 5321 §4.5.3.2.6. */
export const secondsBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
] as const;

export const metricsContentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

interface Sum {
  value: number;
  readonly labels: Labels;
}

/**
 * The sums of one counter, read at a scrape: the library's own `add` takes the time at each call.
 */
class Tally implements Counter {
  readonly #plain: Sum = { value: 0, labels: {} };
  /** By the values of their labels. */
  readonly #labelled = new Map<string, Sum>();

  /** A counter without labels shows from the start, so that its first rise is seen as one. */
  get sums(): readonly Sum[] {
    const isPlain = this.#plain.value > 0 || this.#labelled.size === 0;
    return [...(isPlain ? [this.#plain] : []), ...this.#labelled.values()];
  }

  add(n = 1, labels?: Labels): void {
    if (labels === undefined) this.#plain.value += n;
    else this.#sumOf(labels).value += n;
  }

  #sumOf(labels: Labels): Sum {
    const key = keyOf(labels);
    const known = this.#labelled.get(key);
    if (known !== undefined) return known;
    const sum = { value: 0, labels };
    this.#labelled.set(key, sum);
    return sum;
  }
}

/** By names and values, in their order. */
function keyOf(labels: Readonly<Record<string, unknown>>): string {
  let key = "";
  for (const name in labels) key += `${name}\n${labels[name]}\n`;
  return key;
}

/** In whatever order they stand, as the library compares them. */
function sortedKeyOf(labels: Readonly<Record<string, unknown>>): string {
  return keyOf(Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function plain(value: number): { readonly value: number; readonly labels: Labels } {
  return { value, labels: {} };
}

/**
 * Metrics of this process. The exporter's own HTTP server stays off: the control API serves the
 * text.
 */
export class PrometheusMetrics implements Metrics {
  readonly #exporter = new PrometheusExporter({ preventServerStart: true });
  readonly #provider = new MeterProvider({ readers: [this.#exporter] });
  /** Of each gauge the labels that it told of last. */
  readonly #present = new Map<string, ReadonlySet<string>>();
  /** Of each histogram. */
  readonly #exemplars = new Map<string, Exemplars>();
  readonly #clock: Pick<Clock, "now">;
  readonly #meter = this.#provider.getMeter("godwit");
  // Neither scope nor target: there is one scope, and the target is known to who scrapes it.
  readonly #serializer = new PrometheusSerializer("", false, undefined, true, true);

  /** @param clock for the times of exemplars */
  constructor(clock: Pick<Clock, "now"> = systemClock) {
    this.#clock = clock;
  }

  counter(name: string, help: string): Counter {
    const tally = new Tally();
    const counter = this.#meter.createObservableCounter(name, { description: help });
    counter.addCallback((result) => {
      for (const { value, labels } of tally.sums) result.observe(value, labels);
    });
    return tally;
  }

  gauge(name: string, help: string, observe: () => Observed): void {
    const gauge = this.#meter.createObservableGauge(name, { description: help });
    const present = new Set<string>();
    this.#present.set(name, present);
    gauge.addCallback((result) => {
      present.clear();
      const told = observe();
      for (const { value, labels } of typeof told === "number" ? [plain(told)] : told) {
        present.add(sortedKeyOf(labels));
        result.observe(value, labels);
      }
    });
  }

  histogram(name: string, { help, buckets }: HistogramOptions): Histogram {
    const kept = this.#meter.createHistogram(name, {
      description: help,
      advice: { explicitBucketBoundaries: [...buckets] },
    });
    const exemplars = new Exemplars(buckets);
    this.#exemplars.set(name, exemplars);
    return {
      record: (value, labels, trace) => {
        kept.record(value, labels);
        if (trace === undefined) return;
        exemplars.note(sortedKeyOf(labels ?? {}), { trace, value, at: this.#clock.now() });
      },
    };
  }

  async render(format: MetricsFormat = "prometheus"): Promise<string> {
    if (format === "prometheus") return this.#serializer.serialize(await this.#collect());
    return openMetricsText(await this.collect(), ({ name, labels, bucket }) =>
      this.#exemplars.get(name)?.of(sortedKeyOf(labels), bucket),
    );
  }

  /** The same, for other encodings. */
  async collect(): Promise<readonly MetricData[]> {
    const { scopeMetrics } = await this.#collect();
    return scopeMetrics.flatMap(({ metrics }) => metrics);
  }

  async #collect() {
    const { resourceMetrics, errors } = await this.#exporter.collect();
    const [error] = errors;
    // One gauge that fails must not hide the others; all of them failing is a fault of ours.
    if (error !== undefined && resourceMetrics.scopeMetrics.length === 0) throw error;
    return {
      ...resourceMetrics,
      scopeMetrics: resourceMetrics.scopeMetrics.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map((metric) => this.#current(metric)),
      })),
    };
  }

  /** The library goes on telling what a gauge said once of labels that it has no more. */
  #current(metric: MetricData): MetricData {
    const present = this.#present.get(metric.descriptor.name);
    if (present === undefined || metric.dataPointType !== DataPointType.GAUGE) return metric;
    const dataPoints = metric.dataPoints.filter(({ attributes }) => {
      return present.has(sortedKeyOf(attributes));
    });
    return { ...metric, dataPoints };
  }
}
