/** What the edge counts, as metrics of the process. */
import { BoundedValues } from "#lib/telemetry/bounded-values";
import { type Metrics, secondsBuckets } from "#lib/telemetry/metrics";
import type { EdgeMetrics } from "../metrics.ts";

/** Names beyond these are counted as one. */
const tenantsMax = 200;

export function edgeTelemetry(metrics: Metrics): EdgeMetrics {
  const sessions = new Map<string, number>();
  let contentBytes = 0;
  metrics.gauge("godwit_edge_sessions", "Open sessions by listener.", () =>
    [...sessions].map(([listener, value]) => ({ value, labels: { listener } })),
  );
  metrics.gauge(
    "godwit_edge_content_bytes",
    "Content in memory, coming in or on its way to the queue.",
    () => contentBytes,
  );
  const opened = metrics.counter("godwit_edge_sessions_total", "Sessions opened by listener.");
  const turnedAway = metrics.counter(
    "godwit_edge_sessions_refused_total",
    "Connections turned away before their session began, by reason.",
  );
  const messages = metrics.counter("godwit_edge_messages_total", "Messages accepted.");
  const byTenant = metrics.counter(
    "godwit_edge_messages_by_tenant_total",
    `Messages accepted by tenant: the first ${tenantsMax}, and other.`,
  );
  const tenants = new BoundedValues(tenantsMax);
  const recipients = metrics.counter("godwit_edge_recipients_total", "Recipients accepted.");
  const bytes = metrics.counter("godwit_edge_bytes_total", "Bytes of content accepted.");
  const refused = metrics.counter("godwit_edge_refusals_total", "Replies of 4yz and 5yz by code.");
  const logins = metrics.counter("godwit_edge_auth_total", "AUTH by outcome.");
  const accepting = metrics.histogram("godwit_edge_accept_seconds", {
    help: "From the final dot to the 250.",
    buckets: secondsBuckets,
  });
  const reading = metrics.histogram("godwit_edge_content_seconds", {
    help: "From the 354 to the final dot.",
    buckets: secondsBuckets,
  });
  const requests = metrics.counter(
    "godwit_edge_http_requests_total",
    "Requests of HTTP by listener and status of the answer.",
  );
  const answering = metrics.histogram("godwit_edge_http_request_seconds", {
    help: "From the head of a request to its answer.",
    buckets: secondsBuckets,
  });
  const inDoubt = metrics.counter(
    "godwit_edge_http_in_doubt_total",
    "Requests repeated so late that what they sent may have been sent before.",
  );
  const grow = (listener: string, by: number) =>
    void sessions.set(listener, (sessions.get(listener) ?? 0) + by);
  return {
    sessionOpened(listener) {
      grow(listener, 1);
      opened.add(1, { listener });
    },
    sessionClosed: (listener) => grow(listener, -1),
    sessionRefused: (reason) => turnedAway.add(1, { reason }),
    accepted(message) {
      const { listener } = message;
      messages.add(1, { listener });
      byTenant.add(1, { tenant: tenants.of(message.tenant) });
      recipients.add(message.recipients, { listener });
      bytes.add(message.bytes, { listener });
      accepting.record(message.durationMs / 1_000, undefined, message.trace);
    },
    contentRead: (durationMs) => reading.record(durationMs / 1_000),
    refused: (code) => refused.add(1, { code: String(code) }),
    authenticated: (outcome) => logins.add(1, { outcome }),
    requestAnswered({ listener, status, durationMs }) {
      requests.add(1, { listener, code: String(status) });
      answering.record(durationMs / 1_000);
    },
    repeatInDoubt: () => inDoubt.add(1),
    contentBytesHeld(held) {
      contentBytes = held;
    },
  };
}
