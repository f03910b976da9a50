/** What rules on replies have set now, as a metric: asked at each scrape. */
import type { MeasureEffect } from "#lib/automation/measure";
import type { Metrics } from "#lib/telemetry/metrics";
import type { Measures } from "./measures.ts";

const effects: readonly MeasureEffect["kind"][] = [
  "hold",
  "limit",
  "skipHost",
  "changeSource",
  "fail",
];

export function observeMeasures(
  metrics: Metrics,
  measures: () => Pick<Measures, "all"> | undefined,
): void {
  metrics.gauge(
    "godwit_shaping_measures",
    "What rules on replies have set, by what it does; the same at every worker.",
    () => {
      const counts = new Map<string, number>();
      for (const { effect } of measures()?.all ?? []) {
        counts.set(effect.kind, (counts.get(effect.kind) ?? 0) + 1);
      }
      return effects.map((effect) => ({ value: counts.get(effect) ?? 0, labels: { effect } }));
    },
  );
}
