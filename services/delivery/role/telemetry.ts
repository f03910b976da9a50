/** What delivery counts, as metrics of the process. */
import type { Clock } from "#lib/clock";
import { BoundedValues } from "#lib/telemetry/bounded-values";
import { type Labels, type Metrics, type Observed, secondsBuckets } from "#lib/telemetry/metrics";
import type { WaitingCount } from "../admin/waiting-counts.ts";
import { observeMeasures } from "../automation/measure-telemetry.ts";
import type { Delivery } from "../delivery.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Path } from "../path/paths.ts";
import { providerLabel } from "../path/provider-label.ts";

/** Names beyond these are counted as one: every combination of labels is kept. */
const tenantsMax = 200;
const sourcesMax = 100;

export function deliveryTelemetry(metrics: Metrics): DeliveryMetrics {
  const inDoubt = metrics.counter(
    "godwit_delivery_in_doubt_total",
    "Recipients whose final dot went unanswered, or was answered too late: they may get a second copy (RFC 1047).",
  );
  const suppressionsAdded = metrics.counter(
    "godwit_suppression_added_total",
    "Recipients that bounces have put on the suppression list, by class.",
  );
  const spilled = metrics.counter(
    "godwit_delivery_spilled_total",
    "Units moved to a backlog untried.",
  );
  const parked = metrics.counter("godwit_delivery_parked_total", "Entries nobody could read.");
  const suspects = metrics.counter(
    "godwit_delivery_suspects_total",
    "Units that a takeover found deferred already.",
  );
  const down = metrics.counter(
    "godwit_delivery_destinations_down_total",
    "Times a destination went down.",
  );
  const attempts = metrics.histogram("godwit_delivery_attempt_seconds", {
    help: "From the first command to the last reply, connecting included.",
    buckets: secondsBuckets,
  });
  const journal = metrics.histogram("godwit_delivery_journal_seconds", {
    help: "From the hand-over of a record with what became of units until it is durable.",
    buckets: secondsBuckets,
  });
  const lateness = metrics.histogram("godwit_delivery_retry_late_seconds", {
    help: "From when a unit was due again until it came back from the store.",
    buckets: secondsBuckets,
  });
  const takeovers = metrics.histogram("godwit_delivery_takeover_seconds", {
    help: "From the claim of a shard until its log is read.",
    buckets: secondsBuckets,
  });
  const handOvers = metrics.histogram("godwit_delivery_hand_over_seconds", {
    help: "From the last reading of a shard's log until the shard is released.",
    buckets: secondsBuckets,
  });
  const refusals = metrics.counter(
    "godwit_limit_refusals_total",
    "Questions that a limit refused for now, by its kind, and whether several workers share it.",
  );
  const shares = metrics.counter(
    "godwit_quota_questions_total",
    "Questions for shares of limits that several workers have in common.",
  );
  const silences = metrics.counter(
    "godwit_quota_unanswered_total",
    "Messages with such questions that their home did not answer.",
  );
  return {
    ...outcomes(metrics),
    ...endings(metrics),
    retryLate: (lateMs) => lateness.record(lateMs / 1_000),
    journaled: (durationMs) => journal.record(durationMs / 1_000),
    attempt: (durationMs, trace) => attempts.record(durationMs / 1_000, undefined, trace),
    inDoubt: (count) => inDoubt.add(count),
    suppressionAdded: (reason) => suppressionsAdded.add(1, { class: reason }),
    spilled: (units) => spilled.add(units),
    parked: () => parked.add(),
    suspect: () => suspects.add(),
    destinationDown: () => down.add(),
    takenOver: (durationMs) => takeovers.record(durationMs / 1_000),
    handedOver: (durationMs, isReleased) =>
      handOvers.record(durationMs / 1_000, { released: String(isReleased) }),
    limitRefused: (kind, isShared) => refusals.add(1, { kind, shared: String(isShared) }),
    sharesAsked: (count) => shares.add(count),
    homeSilent: () => silences.add(),
  };
}

/** By way of each recipient. */
function outcomes(metrics: Metrics): Pick<DeliveryMetrics, "recipient" | "delivered"> {
  const recipients = metrics.counter(
    "godwit_delivery_recipients_total",
    "Recipients by outcome of an attempt.",
  );
  const byProvider = metrics.counter(
    "godwit_delivery_recipients_by_provider_total",
    "The same by provider (those that shaping files name, and other) and egress source.",
  );
  const byTenant = metrics.counter(
    "godwit_delivery_recipients_by_tenant_total",
    `The same by tenant: the first ${tenantsMax}, and other.`,
  );
  const tenants = new BoundedValues(tenantsMax);
  const sources = new BoundedValues(sourcesMax);
  const latencies = metrics.histogram("godwit_delivery_latency_seconds", {
    help: "From acceptance, or the time that its sender wants, to the reply of the host that took it, by provider.",
    buckets: secondsBuckets,
  });
  return {
    recipient(outcome, { provider, source, tenant }) {
      recipients.add(1, { outcome });
      byProvider.add(1, { outcome, provider, source: sources.of(source) });
      byTenant.add(1, { outcome, tenant: tenants.of(tenant) });
    },
    delivered: (durationMs, { provider }, trace) =>
      latencies.record(durationMs / 1_000, { provider }, trace),
  };
}

/** How recipients ended, and who was told. */
function endings(
  metrics: Metrics,
): Pick<DeliveryMetrics, "notification" | "suppressed" | "bounce"> {
  const notifications = metrics.counter(
    "godwit_delivery_notifications_total",
    "Notifications by action.",
  );
  const suppressed = metrics.counter(
    "godwit_suppression_recipients_total",
    "Recipients to whom nothing was sent, since they are on the suppression list.",
  );
  const bounces = metrics.counter(
    "godwit_bounces_total",
    "Recipients that ended without delivery, by class.",
  );
  return {
    notification: (action) => notifications.add(1, { action }),
    suppressed: (recipients) => suppressed.add(recipients),
    bounce: (of) => bounces.add(1, { class: of }),
  };
}

/** Two of a scrape ask for the same. */
const waitingValidMs = 200;

function observeWaiting(metrics: Metrics, delivery: Delivery, clock: Pick<Clock, "monotonic">) {
  let last: { readonly at: number; readonly counts: readonly WaitingCount[] } | undefined;
  const counts = () => {
    const at = clock.monotonic();
    if (last === undefined || at - last.at > waitingValidMs) {
      last = { at, counts: delivery.worker?.waiting ?? [] };
    }
    return last.counts;
  };
  const observed = (of: "units" | "destinations") => () =>
    counts().map(({ reason, provider, ...count }) => ({
      value: count[of],
      labels: { reason, provider },
    }));
  metrics.gauge(
    "godwit_queue_waiting_units",
    "Units by what they wait for, and at which provider.",
    observed("units"),
  );
  metrics.gauge(
    "godwit_queue_waiting_destinations",
    "Destinations with such units.",
    observed("destinations"),
  );
}

/** What is there now, asked at each scrape. */
export function observeDelivery(
  metrics: Metrics,
  delivery: Delivery,
  clock: Pick<Clock, "monotonic">,
): void {
  const owners = () => delivery.worker?.owners ?? [];
  const sum = (of: (owner: ReturnType<typeof owners>[number]) => number) =>
    owners().reduce((total, owner) => total + of(owner), 0);
  metrics.gauge("godwit_delivery_shards", "Shards owned.", () => owners().length);
  metrics.gauge(
    "godwit_delivery_behind_seconds",
    "How old the mail is that is being read, in the shard that is furthest behind.",
    () => Math.max(0, ...owners().map(({ behindMs }) => behindMs)) / 1_000,
  );
  metrics.gauge("godwit_delivery_sessions", "Sessions to remote hosts by state.", () => {
    const { running, idle } = delivery.worker?.sessions ?? { running: 0, idle: 0 };
    return [
      { value: running, labels: { state: "running" } },
      { value: idle, labels: { state: "idle" } },
    ];
  });
  metrics.gauge("godwit_delivery_settlements_waiting", "Writes not known to be done yet.", () =>
    sum(({ settlement }) => settlement.unfinished),
  );
  metrics.gauge("godwit_delivery_shards_troubled", "Shards by what keeps them.", () => [
    { value: sum(({ working }) => (working.hasRoom ? 0 : 1)), labels: { by: "no_room" } },
    { value: sum(({ settlement }) => (settlement.isFailing ? 1 : 0)), labels: { by: "writes" } },
    { value: sum(({ isJournalAway }) => (isJournalAway ? 1 : 0)), labels: { by: "journal" } },
  ]);
  metrics.gauge(
    "godwit_delivery_heartbeat_age_seconds",
    "Since the last one that was heard.",
    () => (delivery.worker?.silentMs ?? 0) / 1_000,
  );
  metrics.gauge(
    "godwit_quota_homes_silent",
    "Homes that did not answer their last question.",
    () => delivery.worker?.limits.silentHomes ?? 0,
  );
  observeWaiting(metrics, delivery, clock);
  metrics.gauge(
    "godwit_delivery_connections",
    "Connections to remote hosts, there or under way, by provider and egress source.",
    () => connectionCounts(delivery.worker?.connections ?? []),
  );
  metrics.gauge(
    "godwit_delivery_source_cooling",
    "1: an egress source that is broken, and not used for the moment.",
    () => {
      const cooling = delivery.worker?.coolingSources ?? [];
      return cooling.slice(0, sourcesMax).map((source) => ({ value: 1, labels: { source } }));
    },
  );
  observeMeasures(metrics, () => delivery.worker?.measures);
  metrics.gauge(
    "godwit_suppression_known",
    "1: the list is in memory; 0: the store is asked about each unit.",
    () => (delivery.suppressions.isKnown ? 1 : 0),
  );
  metrics.gauge(
    "godwit_suppression_memory_bytes",
    "What the list takes.",
    () => delivery.suppressions.memoryBytes,
  );
  metrics.gauge("godwit_queue_units_in_memory", "Units read and not yet settled.", () =>
    sum(({ working }) => working.unitCount),
  );
  metrics.gauge("godwit_queue_bytes_in_memory", "What they weigh.", () =>
    sum(({ working }) => working.bytes),
  );
  metrics.gauge("godwit_queue_backlog_units", "Units waiting for their destination.", () =>
    sum(({ working }) => {
      let waiting = 0;
      for (const { backlogs } of working.destinations) waiting += backlogs.waiting;
      return waiting;
    }),
  );
}

function connectionCounts(paths: readonly Path[]): Observed {
  const counts = new Map<string, { value: number; readonly labels: Labels }>();
  const sources = new BoundedValues(sourcesMax);
  for (const { subject } of paths) {
    const provider = providerLabel(subject.destination ?? "", subject.provider);
    const source = sources.of(subject.source);
    const key = `${provider} ${source}`;
    const counted = counts.get(key) ?? { value: 0, labels: { provider, source } };
    counted.value += 1;
    counts.set(key, counted);
  }
  return [...counts.values()];
}
