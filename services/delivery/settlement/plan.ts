/** From an attempt's outcomes to what must be written: pure, so that every rule is a line in a table test. */
import type { BounceKind } from "#lib/bounces/bounce";
import { type Action, type Happening, notificationDue } from "#lib/dsn/wanted";
import type { Disposition, RecipientEvent } from "#lib/queue/event";
import type { Outcome } from "#lib/queue/outcome";
import {
  dueFrom,
  isDelayNotificationDue,
  nextAttempt,
  type RetryPolicy,
} from "#lib/queue/schedule";
import type { Recipient, Time, Unit } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import { type Reply, replyText } from "#lib/smtp/reply";
import type { Status } from "#lib/smtp/status";
import type { LastOutcome } from "#lib/store/store";
import type { AttemptReport } from "../attempt/attempt.ts";

export interface NotifiedRecipient {
  readonly recipient: Recipient;
  readonly last: LastOutcome;
  /** The remote's own words, when it answered. */
  readonly reply?: Reply;
  /** When it was tried last, if ever. */
  readonly triedAt?: Time;
}

/** One that ended without delivery. */
export interface FailedRecipient extends NotifiedRecipient {
  readonly kind: BounceKind;
}

export interface Plan {
  readonly disposition: Disposition;
  readonly events: readonly RecipientEvent[];
  /** Ends that bounce records are kept of. */
  readonly failed: readonly FailedRecipient[];
  readonly notifications: ReadonlyMap<Action, readonly NotifiedRecipient[]>;
  /** What must be tried again, with its last outcomes; absent when nothing must. */
  readonly waiting?: Waiting;
}

export interface Waiting {
  readonly recipients: readonly Recipient[];
  readonly last: Readonly<Record<string, LastOutcome>>;
  readonly nextAttemptAt: Time;
  /** No host could be used: it waits for the destination, not for a time of its own. */
  readonly isForDestination: boolean;
  readonly isDelayNotified: boolean;
}

export interface Postponed extends Pick<Waiting, "recipients" | "last"> {
  readonly attempts: number;
  readonly events: readonly RecipientEvent[];
}

export interface PlanContext {
  readonly now: Time;
  /** This attempt included. */
  readonly attempts: number;
  readonly isDelayNotified: boolean;
  readonly isFinalDelivery: boolean;
  readonly policy: RetryPolicy;
  readonly delayNotificationMs: number;
  /** Whether senders are told of recipients that are suppressed. */
  readonly notifiesOfSuppressed: boolean;
}

/** Decides for each recipient whether it is done, failed, given up, or waits. */
export function planSettlement(
  unit: Unit,
  report: Pick<AttemptReport, "outcomes" | "remoteName">,
  context: PlanContext,
  random: Random,
): Plan {
  const { now, attempts, policy } = context;
  const { expiresAt } = unit;
  const next = nextAttempt({ attempts, expiresAt, now, policy }, random);
  const builder = new PlanBuilder(unit, context);
  for (const [index, recipient] of unit.recipients.entries()) {
    const outcome = report.outcomes[index] ?? unknownOutcome;
    builder.add(recipient, outcome, { remote: report.remoteName, giveUp: "giveUp" in next });
  }
  return builder.plan("at" in next ? next.at : now);
}

/** The queue has no room for the news of failures: those who failed wait, and will fail once more. */
export function postponedPlan(plan: Plan, attempts: number): Postponed {
  const again = new Map(plan.failed.map((f) => [f.recipient.path, f]));
  const { recipients = [], last = {} } = plan.waiting ?? {};
  return {
    recipients: [...plan.failed.map(({ recipient }) => recipient), ...recipients],
    last: { ...last, ...Object.fromEntries([...again].map(([path, f]) => [path, f.last])) },
    attempts,
    events: plan.events.map((event) =>
      event.outcome === "delivered" ? event : { ...event, outcome: "transient" as const },
    ),
  };
}

/** Cancelled while it was being tried: what is done is done, and nobody is told of the rest. */
export function cancelledPlan({ events, failed, disposition, waiting }: Plan): Plan {
  return {
    events,
    failed,
    notifications: new Map(),
    disposition: waiting === undefined ? disposition : "cancelled",
  };
}

/** Lifetime is over without another attempt: every recipient is given up (RFC 5321 §4.5.4.1). */
export function planExpiry(
  unit: Unit,
  last: Readonly<Record<string, LastOutcome>>,
  context: PlanContext,
): Plan {
  const builder = new PlanBuilder(unit, context);
  for (const recipient of unit.recipients) builder.expire(recipient, last[recipient.path]);
  return builder.plan(context.now);
}

/** Unknown is transient. */
const unknownOutcome: Outcome = {
  kind: "transient",
  scope: "recipient",
  status: "4.0.0",
  reason: "no outcome",
};

class PlanBuilder {
  readonly #unit: Unit;
  readonly #context: PlanContext;
  readonly #events: RecipientEvent[] = [];
  readonly #failed: FailedRecipient[] = [];
  readonly #waiting: NotifiedRecipient[] = [];
  readonly #notifications = new Map<Action, NotifiedRecipient[]>();
  #isForDestination = true;

  constructor(unit: Unit, context: PlanContext) {
    this.#unit = unit;
    this.#context = context;
  }

  add(
    recipient: Recipient,
    outcome: Outcome,
    { remote, giveUp }: { remote: string | undefined; giveUp: boolean },
  ): void {
    const last = this.#last(outcome, remote);
    const { reply } = outcome;
    const notified = {
      recipient,
      last,
      triedAt: last.at,
      ...(reply === undefined ? {} : { reply }),
    };
    switch (outcome.kind) {
      case "delivered":
        this.#event(recipient, "delivered", last);
        this.#notify(this.#happening(outcome.dsnRelayed), notified);
        return;
      case "permanent":
        if (outcome.isSuppressed) {
          this.#suppress(recipient, outcome);
          return;
        }
        this.#event(recipient, "permanent", last);
        this.#fail({ ...notified, kind: "failed" });
        return;
      case "transient":
        if (giveUp) {
          this.expire(recipient, last);
          return;
        }
        this.#event(recipient, "transient", last);
        this.#waiting.push(notified);
        if (outcome.scope !== "host" && outcome.scope !== "destination") {
          this.#isForDestination = false;
        }
        return;
    }
  }

  /** Nobody was asked, so there is neither a host nor a time of an attempt to tell. */
  #suppress(recipient: Recipient, outcome: Outcome): void {
    const last = this.#last(outcome, undefined);
    this.#event(recipient, "permanent", last, { isSuppressed: true });
    const suppressed = { recipient, last, kind: "suppressed" } as const;
    if (this.#context.notifiesOfSuppressed) this.#fail(suppressed);
    else this.#failed.push(suppressed);
  }

  expire(recipient: Recipient, last: LastOutcome | undefined): void {
    const at = this.#context.now;
    const text =
      last === undefined
        ? "could not be delivered before its lifetime ended"
        : `given up; the last failure was: ${last.text}`;
    // RFC 3463 §3.5: 5.4.7 delivery time expired.
    const ended: LastOutcome = { ...last, status: "5.4.7", text, at };
    this.#event(recipient, "expired", ended);
    const triedAt = last === undefined ? {} : { triedAt: last.at };
    this.#fail({ recipient, last: ended, ...triedAt, kind: "expired" });
  }

  plan(nextAttemptAt: Time): Plan {
    const base = {
      events: this.#events,
      failed: this.#failed,
      notifications: this.#notifications,
    };
    if (this.#waiting.length === 0) {
      const isAllFailed = this.#failed.length === this.#events.length;
      return { ...base, disposition: isAllFailed ? "failed" : "delivered" };
    }
    const isDelayed = this.#isDelayed();
    if (isDelayed) for (const notified of this.#waiting) this.#notify("delayed", notified);
    return {
      ...base,
      disposition: "deferred",
      waiting: {
        recipients: this.#waiting.map(({ recipient }) => recipient),
        last: Object.fromEntries(this.#waiting.map((w) => [w.recipient.path, w.last])),
        nextAttemptAt,
        isForDestination: this.#isForDestination,
        isDelayNotified: this.#context.isDelayNotified || isDelayed,
      },
    };
  }

  #isDelayed(): boolean {
    const { now, isDelayNotified, delayNotificationMs } = this.#context;
    const state = { now, delayNotificationMs, isDelayNotified };
    return isDelayNotificationDue({ ...state, dueFrom: dueFrom(this.#unit) });
  }

  #happening(dsnRelayed: boolean): Happening {
    if (this.#context.isFinalDelivery) return "delivered";
    return dsnRelayed ? "passedOn" : "relayed";
  }

  #fail(failed: FailedRecipient): void {
    this.#failed.push(failed);
    this.#notify("failed", failed);
  }

  #notify(happening: Happening, notified: NotifiedRecipient): void {
    const { reversePath } = this.#unit.envelope;
    const action = notificationDue(reversePath, notified.recipient, happening);
    if (action === undefined) return;
    const group = this.#notifications.get(action);
    if (group === undefined) this.#notifications.set(action, [notified]);
    else group.push(notified);
  }

  #event(
    recipient: Recipient,
    outcome: RecipientEvent["outcome"],
    last: LastOutcome,
    more: Pick<RecipientEvent, "isSuppressed"> = {},
  ): void {
    this.#events.push({
      ...more,
      path: recipient.path,
      outcome,
      status: last.status,
      text: last.text,
      ...(last.code === undefined ? {} : { code: last.code }),
    });
  }

  #last(outcome: Outcome, remote: string | undefined): LastOutcome {
    const { reply } = outcome;
    const status: Status =
      outcome.kind === "delivered"
        ? (outcome.reply.class === 2 && outcome.reply.status) || "2.0.0"
        : outcome.status;
    const text = outcome.kind === "delivered" ? replyText(outcome.reply) : outcome.reason;
    return {
      status,
      text,
      at: this.#context.now,
      ...(reply === undefined ? {} : { code: reply.code }),
      ...(remote === undefined ? {} : { remote }),
    };
  }
}
