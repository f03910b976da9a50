/** How a unit's attempt, or its wait, ended: told in the log, and recorded in the journal. */
import type { Clock } from "#lib/clock";
import type { EventSink } from "#lib/events/event-sink";
import type { Disposition, RecipientEvent, UnitEvent } from "#lib/queue/event";
import { dueFrom } from "#lib/queue/schedule";
import type { Shard } from "#lib/queue/unit";
import type { Place } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import { type Tracing, traceIdOf } from "#lib/telemetry/tracing";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import { providerLabel } from "../path/provider-label.ts";
import type { JournalWriter } from "../shard/journal-writer.ts";
import { attemptsOf, type QueuedUnit } from "../shard/queued-unit.ts";
import { tellEnding } from "./unit-events.ts";
import { traceAttempt, traceSettling } from "./unit-trace.ts";

export interface EndingsPorts {
  readonly shard: Shard;
  readonly journal: JournalWriter;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  /** Told when the journal has it. */
  readonly events: EventSink;
  readonly tracing?: Tracing;
  /** Whose limits its destination shares, as far as that is known. */
  readonly provider: (queued: QueuedUnit) => string | undefined;
  /** The unit is settled at this position of the journal. */
  readonly settled: (queued: QueuedUnit, position: number) => void;
  /** It was cancelled while it was moved, so it waits although nobody wants it any more. */
  readonly unwanted: (queued: QueuedUnit) => void;
}

export interface Ending {
  readonly disposition: Disposition;
  readonly recipients: readonly RecipientEvent[];
  readonly attempt: number;
  readonly report?: AttemptReport;
  readonly nextAttemptAt?: number;
  /** When the attempt was over, if it is traced. */
  readonly triedAt?: number;
}

export class Endings {
  readonly #ports: EndingsPorts;

  constructor(ports: EndingsPorts) {
    this.#ports = ports;
  }

  /** The unit is settled when the journal has it. */
  record(queued: QueuedUnit, ending: Ending): void {
    const { journal, clock, shard, events, tracing, settled, unwanted } = this.#ports;
    const { unit, origin } = queued;
    const { disposition, recipients, attempt, report, nextAttemptAt } = ending;
    const event: UnitEvent = {
      at: clock.now(),
      shard,
      sequence: origin.kind === "log" ? origin.sequence : 0,
      uid: unit.uid,
      destination: unit.destination,
      disposition,
      recipients,
      attempt,
      ...(report?.remote === undefined ? {} : { remote: report.remote }),
      ...(report?.tls === undefined ? {} : { tls: report.tls.protocol }),
      ...(report === undefined ? {} : { durationMs: Math.round(report.durationMs) }),
      ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    };
    const provider = this.#ports.provider(queued);
    const isMoved = disposition === "deferred" || disposition === "spilled";
    journal.record(event, (position) => {
      settled(queued, position);
      tellEnding(events, unit, { ...ending, provider, at: event.at });
      if (unit.trace !== undefined && tracing !== undefined) {
        const startedAt = ending.triedAt ?? event.at;
        traceSettling(tracing, unit, { disposition, startedAt, endedAt: clock.now() });
      }
      if (isMoved && queued.isCancelled) unwanted(queued);
    });
  }

  /** The same, of one that nobody tried. */
  recordUntried(queued: QueuedUnit, disposition: Disposition): void {
    this.record(queued, { disposition, recipients: [], attempt: attemptsOf(queued) });
  }

  /** The same, of one that waits in the store from now on. */
  recordMoved(queued: QueuedUnit, place: Place): void {
    if (place.kind === "backlog") return this.recordUntried(queued, "spilled");
    const untried = { recipients: [], attempt: attemptsOf(queued), nextAttemptAt: place.dueAt };
    this.record(queued, { disposition: "deferred", ...untried });
  }

  /** One line for each attempt and recipient tells the whole story. */
  tell(queued: QueuedUnit, ending: Ending): void {
    const { clock, log, metrics, tracing } = this.#ports;
    const { unit } = queued;
    const { report, attempt, nextAttemptAt } = ending;
    const provider = this.#ports.provider(queued);
    const way = {
      provider: providerLabel(unit.destination, provider),
      source: report?.source,
      tenant: unit.tenant,
    };
    if (ending.recipients.some(({ outcome }) => outcome === "delivered")) {
      metrics.delivered(Math.max(0, clock.now() - dueFrom(unit)), way, unit.trace);
    }
    if (unit.trace !== undefined && tracing !== undefined) {
      traceAttempt(tracing, unit, { ...ending, provider });
    }
    const next = nextAttemptAt === undefined ? undefined : new Date(nextAttemptAt).toISOString();
    for (const r of ending.recipients) {
      metrics.recipient(r.outcome, way);
      const tried = r.isSuppressed ? undefined : report;
      log.info("attempt", {
        uid: unit.uid,
        reverse_path: unit.envelope.reversePath,
        recipient: r.path,
        outcome: r.outcome,
        code: r.code,
        status: r.status,
        reply: r.text,
        suppressed: r.isSuppressed,
        remote: tried?.remote,
        source: tried?.source,
        tls: tried?.tls?.protocol,
        duration_ms: tried === undefined ? undefined : Math.round(tried.durationMs),
        attempt,
        trace_id: traceIdOf(unit.trace),
        next_attempt_at: r.outcome === "transient" ? next : undefined,
      });
    }
  }
}
