/** A message that was taken, as the first spans of its trace: from the final dot to the 250. */
import type { Message } from "#lib/queue/unit";
import type { Tracing } from "#lib/telemetry/tracing";
import type { Origin } from "../receiver.ts";

export interface TracedReception {
  readonly trace: string;
  /** Where it begins: with who submitted it, or here. */
  readonly from?: string | undefined;
  readonly message: Pick<Message, "id" | "units">;
  readonly origin: Origin;
  readonly sizeBytes: number;
  /** Of the final dot. */
  readonly startedAt: number;
  /** Until it was handed to the queue. */
  readonly lookedMs: number;
  /** Until it was durable, or was not. */
  readonly durationMs: number;
  /** Why it was not. */
  readonly failure: string | undefined;
}

export function traceReception(tracing: Tracing, reception: TracedReception): void {
  const { trace, message, origin, sizeBytes, startedAt, lookedMs, durationMs } = reception;
  const { from, failure } = reception;
  const endedAt = startedAt + durationMs;
  const failed = failure === undefined ? {} : { failure };
  tracing.end({
    name: "accept",
    kind: "producer",
    self: tracing.child(trace),
    parent: trace,
    startedAt: startedAt + lookedMs,
    endedAt,
    attributes: { "godwit.queue_id": message.id, "godwit.units": message.units.length },
    ...failed,
  });
  const [first] = message.units;
  tracing.end({
    name: "receive",
    kind: "server",
    self: trace,
    ...(from === undefined ? {} : { parent: from }),
    startedAt,
    endedAt,
    attributes: {
      "godwit.queue_id": message.id,
      "godwit.listener": origin.listener.name,
      "godwit.user": origin.user?.name,
      "godwit.tenant": first?.tenant,
      "godwit.campaign": first?.campaign,
      "godwit.recipients": message.units.reduce((sum, unit) => sum + unit.recipients.length, 0),
      "godwit.size": sizeBytes,
      "client.address": origin.clientAddress,
      "tls.protocol.version": origin.tls?.protocol,
    },
    ...failed,
  });
}
