/** Turns what became of recipients into notifications and hands them to the queue (RFC 3461 §5.2, RFC 3464). */

import type { Clock } from "#lib/clock";
import { diagnosticCodeOf, type ReportedRecipient } from "#lib/dsn/delivery-status";
import { buildNotification } from "#lib/dsn/notification";
import type { Action } from "#lib/dsn/wanted";
import { notificationId } from "#lib/queue/queue-id";
import { destinationOf } from "#lib/queue/shard";
import { type Message, queueIdOf, type Unit, uidOf } from "#lib/queue/unit";
import { nullReversePath, parseReversePath } from "#lib/smtp/path";
import type { Intake } from "#lib/stream/intake";
import type { Log } from "#lib/telemetry/log";
import type { NotifiedRecipient } from "./plan.ts";

export interface NotifierPorts {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly log: Log;
  /** Reporting-MTA and the right-hand side of what we make. */
  readonly hostname: string;
  readonly lifetimeMs: number;
}

export interface Notice {
  readonly action: Action;
  readonly unit: Unit;
  readonly recipients: readonly NotifiedRecipient[];
  readonly attempt: number;
}

export class Notifier {
  readonly #ports: NotifierPorts;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
  }

  /**
   * Durable when it resolves. The id follows from unit, action and attempt: after a crash between
   * this and the journal the same notification is accepted once.
   * Rejects as `Intake.accept` does.
   */
  async send(notice: Notice, original: Uint8Array): Promise<void> {
    const { unit, action } = notice;
    const { intake, log } = this.#ports;
    let message: Message | undefined;
    try {
      message = this.#message(notice, original);
    } catch (error) {
      // One message that we cannot report on must not stop its shard (STYLE §14.13).
      log.error("notification_impossible", { uid: unit.uid, action, error: String(error) });
    }
    if (message === undefined) return;
    await intake.accept(message);
    log.info("notification_queued", {
      uid: unit.uid,
      action,
      queue_id: message.id,
      to: unit.envelope.reversePath,
    });
  }

  #message(notice: Notice, original: Uint8Array): Message | undefined {
    const { clock, hostname, lifetimeMs, log } = this.#ports;
    const { unit, action, attempt } = notice;
    const { reversePath } = unit.envelope;
    const parsed = parseReversePath(`<${reversePath}>`);
    // RFC 5321 §6.1: never for a null reverse-path. `notificationDue` has seen to it; this is the net.
    if (!parsed.ok || parsed.path === null) {
      log.warn("notification_impossible", { uid: unit.uid, action, to: reversePath });
      return undefined;
    }
    const paths = notice.recipients.map(({ recipient }) => recipient.path);
    const id = notificationId(unit.uid, { action, attempt, paths });
    const now = clock.now();
    const { content, body, smtpUtf8 } = buildNotification({
      action,
      id,
      now,
      reportingMta: hostname,
      arrivalDate: unit.acceptedAt,
      envelope: unit.envelope,
      queueId: queueIdOf(unit.uid),
      recipients: notice.recipients.map((r) => notified(r, { action, unit })),
      original,
    });
    const envelope = { reversePath: nullReversePath, body, smtpUtf8 };
    const made: Unit = {
      uid: uidOf(id, 0),
      destination: destinationOf(parsed.path),
      envelope,
      recipients: [{ path: reversePath, notify: ["never"] }],
      lane: "n",
      acceptedAt: now,
      expiresAt: now + lifetimeMs,
      sizeBytes: content.length,
      isNotification: true,
      // What the sender is told belongs to what became of the message.
      ...(unit.trace === undefined ? {} : { trace: unit.trace }),
    };
    return { id, units: [made], content, isRepeatable: true };
  }
}

function notified(
  r: NotifiedRecipient,
  { action, unit }: { action: Action; unit: Unit },
): ReportedRecipient {
  const { recipient, last, reply, triedAt } = r;
  return {
    path: recipient.path,
    status: last.status,
    text: last.text,
    ...(recipient.orcpt === undefined ? {} : { orcpt: recipient.orcpt }),
    ...(triedAt === undefined ? {} : { lastAttemptDate: triedAt }),
    ...(reply === undefined ? {} : { diagnosticCode: diagnosticCodeOf(reply) }),
    ...(last.remote === undefined ? {} : { remoteMta: last.remote }),
    ...(action === "delayed" ? { willRetryUntil: unit.expiresAt } : {}),
  };
}
