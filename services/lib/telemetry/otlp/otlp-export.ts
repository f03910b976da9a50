/** Sends metrics at an interval, and spans as they come, to an OpenTelemetry collector. */
import type { MetricData } from "@opentelemetry/sdk-metrics";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Span } from "../tracing.ts";
import { Collector, type Fetch } from "./collector.ts";
import { metricsRequest, type Resource, tracesRequest } from "./encoding.ts";
import { SpanQueue } from "./span-queue.ts";

export interface OtlpOptions {
  /** The collector's base. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly resource: Resource;
  readonly metrics: Metrics & { collect(): Promise<readonly MetricData[]> };
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the runtime's. */
  readonly fetch?: Fetch;
}

/** For the last metrics and spans, when the process stops. */
const farewellMs = 2_000;

export class OtlpExport {
  readonly #options: OtlpOptions;
  readonly #collector: Collector;
  readonly #spans: SpanQueue;
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
    const { clock, metrics, resource } = options;
    this.#collector = new Collector({ ...options, fetch: options.fetch ?? fetch });
    const spans = metrics.counter(
      "godwit_telemetry_spans_total",
      "Spans of traces by what became of them: exported, dropped.",
    );
    this.#spans = new SpanQueue({
      clock,
      post: (batch) => this.#collector.post("/v1/traces", tracesRequest(resource, batch)),
      ended: (outcome, count) => spans.add(count, { outcome }),
    });
  }

  start(): void {
    this.#cancel = this.#options.clock.after(this.#options.intervalMs, () => void this.#tick());
  }

  end(span: Span): void {
    this.#spans.add(span);
  }

  /** Sends what is left, within two seconds. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel?.();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(farewellMs, late.resolve);
    await Promise.race([Promise.all([this.#spans.flush(), this.#postMetrics()]), late.promise]);
    cancel();
    this.#spans.close();
  }

  async #tick(): Promise<void> {
    await this.#postMetrics();
    if (!this.#isStopped) this.start();
  }

  /** What is lost is in the next ones: they count from the start of the process. */
  async #postMetrics(): Promise<void> {
    const { metrics, resource, log } = this.#options;
    try {
      const request = metricsRequest(resource, await metrics.collect());
      await this.#collector.post("/v1/metrics", request);
    } catch (error) {
      log.error("metrics_not_collected", { error });
    }
  }
}
