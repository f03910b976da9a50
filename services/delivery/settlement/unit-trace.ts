/** What is told of a unit that is traced: each attempt with its host and reply, and its settling. */
import type { Disposition } from "#lib/queue/event";
import type { Unit } from "#lib/queue/unit";
import type { Tracing } from "#lib/telemetry/tracing";
import { isUntried } from "../suppression/suppressed-report.ts";
import type { Ending } from "./endings.ts";

export interface TracedAttempt extends Ending {
  readonly provider: string | undefined;
}

/** From its first command, connecting included, to the last reply. */
export function traceAttempt(tracing: Tracing, unit: Unit, attempt: TracedAttempt): void {
  const { report, triedAt, recipients } = attempt;
  if (unit.trace === undefined || report === undefined || triedAt === undefined) return;
  if (isUntried(report)) return;
  // The worst, which is what one looks for; all of them are in the log under the same trace id.
  const told = recipients.find(({ outcome }) => outcome !== "delivered") ?? recipients[0];
  const isDelivered = told?.outcome === "delivered";
  tracing.end({
    name: "attempt",
    kind: "client",
    self: tracing.child(unit.trace),
    parent: unit.trace,
    startedAt: triedAt - report.durationMs,
    endedAt: triedAt,
    attributes: {
      "godwit.uid": unit.uid,
      "godwit.destination": unit.destination,
      "godwit.provider": attempt.provider,
      "godwit.tenant": unit.tenant,
      "godwit.source": report.source,
      "godwit.attempt": attempt.attempt,
      "godwit.outcome": told?.outcome,
      "godwit.recipients": recipients.length,
      "server.address": report.remote,
      "smtp.reply.code": told?.code,
      "smtp.reply.status": told?.status,
      "smtp.reply.text": told?.text,
      "tls.protocol.version": report.tls?.protocol,
    },
    ...(isDelivered ? {} : { failure: told?.text ?? "no outcome" }),
  });
}

export interface TracedSettling {
  readonly disposition: Disposition;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** From the end of the attempt, if there was one, until the journal has what became of the unit. */
export function traceSettling(tracing: Tracing, unit: Unit, settling: TracedSettling): void {
  if (unit.trace === undefined) return;
  const { disposition, startedAt, endedAt } = settling;
  tracing.end({
    name: "settle",
    kind: "internal",
    self: tracing.child(unit.trace),
    parent: unit.trace,
    startedAt,
    // The clock may have stepped.
    endedAt: Math.max(startedAt, endedAt),
    attributes: { "godwit.uid": unit.uid, "godwit.disposition": disposition },
  });
}
