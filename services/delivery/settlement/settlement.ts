/**
 * Carries a unit from its attempt to its end. The order is always: first what the outcome needs
 * elsewhere (notification, bounce record, deferred unit), then the journal's record that the unit is
 * settled, then the floor. Each write is repeated until it is known to be done: a unit whose store is
 * away waits unsettled (DESIGN §6).
 */

import type { Bounce } from "#lib/bounces/bounce";
import { type Action, notificationDue } from "#lib/dsn/wanted";
import { dueFrom, isDelayNotificationDue, type RetryPolicy } from "#lib/queue/schedule";
import type { Random } from "#lib/random";
import type { LastOutcome, Store } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { SuppressionConfig } from "../config.ts";
import type { ContentMissing } from "../shard/parking.ts";
import { attemptsOf, mayBeStored, type QueuedUnit } from "../shard/queued-unit.ts";
import type { KnownSuppressions } from "../suppression/known-suppressions.ts";
import { isUntried } from "../suppression/suppressed-report.ts";
import { suppressionsAfter } from "../suppression/suppression-rule.ts";
import type { Tenure } from "../tenure.ts";
import type { RetryWheel } from "../waiting/retry-wheel.ts";
import { bounceOf } from "./bounces.ts";
import { asItIs, Deferrals, type DeferralsPorts, type NextState, untried } from "./deferrals.ts";
import { type Ending, Endings, type EndingsPorts } from "./endings.ts";
import { Notices } from "./notices.ts";
import type { Notifier } from "./notifier.ts";
import { PersistentWrites } from "./persistent-writes.ts";
import {
  cancelledPlan,
  type NotifiedRecipient,
  type Plan,
  planExpiry,
  planSettlement,
  postponedPlan,
  type Waiting,
} from "./plan.ts";

export interface SettlementPorts extends EndingsPorts {
  readonly store: Store;
  readonly stream: Stream;
  readonly notifier: Notifier;
  readonly wheel: RetryWheel;
  readonly random: Random;
  readonly policy: RetryPolicy;
  readonly delayNotificationMs: number;
  readonly suppression: SuppressionConfig;
  readonly suppressions: Pick<KnownSuppressions, "add">;
  readonly storeRetryMs: number;
  /** The unit's next hop is a mailbox store: success means delivered, not relayed. */
  readonly isFinalDelivery: (queued: QueuedUnit) => boolean;
  /** The unit now waits in the wheel, or in its destination's backlog. */
  readonly placed: DeferralsPorts["placed"];
  /** Without content it can neither be tried nor wait. */
  readonly contentMissing: ContentMissing;
  /** Why its destination could not be reached last. */
  readonly lastError: (queued: QueuedUnit) => string | undefined;
  readonly tenure: Tenure;
  /** No longer the owner: stop repeating. */
  readonly isOver: () => boolean;
}

/** Pause when the queue has no room for a notification. */
const roomRetryMs = 60_000;

export class Settlement {
  readonly #ports: SettlementPorts;
  readonly #writes: PersistentWrites;
  readonly #deferrals: Deferrals;
  readonly #notices: Notices;
  readonly #endings: Endings;

  constructor(ports: SettlementPorts) {
    this.#ports = ports;
    const writes = new PersistentWrites(ports);
    const deferrals = new Deferrals({ ...ports, writes });
    this.#writes = writes;
    this.#deferrals = deferrals;
    this.#notices = new Notices({ ...ports, writes, content: (q) => deferrals.content(q) });
    this.#endings = new Endings(ports);
  }

  /** Writes that are not known to be done; while something is away they are many. */
  get unfinished(): number {
    return this.#writes.unfinished;
  }

  get isFailing(): boolean {
    return this.#writes.isFailing;
  }

  /** Resolves when none of its writes is under way. */
  quiet(): Promise<void> {
    return this.#writes.quiet();
  }

  /** After an attempt. `isDestinationDown`: what failed for want of a host waits in the backlog. */
  attempted(queued: QueuedUnit, report: AttemptReport, isDestinationDown: boolean): void {
    const { random, metrics } = this.#ports;
    if (!isUntried(report)) metrics.attempt(report.durationMs, queued.unit.trace);
    if (report.inDoubt > 0) metrics.inDoubt(report.inDoubt);
    const attempts = attemptsOf(queued) + 1;
    const planned = planSettlement(queued.unit, report, this.#context(queued, attempts), random);
    const plan = queued.isCancelled ? cancelledPlan(planned) : planned;
    const { waiting } = plan;
    // In a backlog it has no time of its own: its destination has.
    const hasTime = waiting !== undefined && !isBacklogged(waiting, isDestinationDown);
    const ending: Ending = {
      disposition: plan.disposition,
      recipients: plan.events,
      attempt: attempts,
      report,
      ...(queued.unit.trace === undefined ? {} : { triedAt: this.#ports.clock.now() }),
      ...(hasTime ? { nextAttemptAt: waiting.nextAttemptAt } : {}),
    };
    this.#endings.tell(queued, ending);
    if (isSimple(queued, plan)) this.#endings.record(queued, ending);
    else void this.#settle(queued, { plan, ending, isDestinationDown, occasion: attempts });
  }

  /** Its lifetime is over. */
  expired(queued: QueuedUnit): void {
    const attempts = attemptsOf(queued);
    const last = queued.origin.kind === "store" ? queued.origin.deferred.last : {};
    const plan = planExpiry(queued.unit, last, this.#context(queued, attempts));
    const ending = { disposition: plan.disposition, recipients: plan.events, attempt: attempts };
    this.#endings.tell(queued, ending);
    // A later occasion than the last attempt: that one may have told of other recipients.
    const occasion = attempts + 1;
    void this.#settle(queued, { plan, ending, isDestinationDown: false, occasion });
  }

  /** An operator does not want them any more: they end without notification. */
  async cancelled(units: readonly QueuedUnit[]): Promise<void> {
    await this.#finishInStore(units);
    for (const queued of units) this.#endings.recordUntried(queued, "cancelled");
  }

  /** It is kept for the operator, and what of it is in the store ends. */
  async parked(queued: QueuedUnit): Promise<void> {
    await this.#finishInStore([queued]);
    this.#endings.recordUntried(queued, "parked");
  }

  /**
   * Moves what may not be tried now out of memory, in order: to the backlog of its destination, or into
   * the wheel if its sender's time has not come.
   */
  async spill(drained: readonly QueuedUnit[]): Promise<void> {
    const units = drained.filter((queued) => !queued.isCancelled);
    if (units.length < drained.length) {
      await this.cancelled(drained.filter((queued) => queued.isCancelled));
    }
    if (units.length === 0) return;
    const { clock, random } = this.#ports;
    const now = clock.now();
    const moves = units.map((queued) => ({ queued, next: untried(queued, now, random) }));
    const gone = new Set(await this.#deferrals.put(moves));
    for (const queued of gone) this.#ports.contentMissing(queued, () => void this.spill([queued]));
    const moved = moves.filter(({ queued }) => !gone.has(queued));
    this.#ports.metrics.spilled(
      moved.filter(({ next: { place } }) => place.kind === "backlog").length,
    );
    for (const { queued, next } of moved) this.#endings.recordMoved(queued, next.place);
  }

  /** A unit in a backlog whose time has come although nobody tries it. */
  look(queued: QueuedUnit): void {
    const { now, delayNotificationMs, isDelayNotified } = this.#context(queued, 0);
    const { expiresAt } = queued.unit;
    const isLate = isDelayNotificationDue({
      dueFrom: dueFrom(queued.unit),
      now,
      delayNotificationMs,
      isDelayNotified,
    });
    if (queued.isCancelled) void this.cancelled([queued]);
    else if (expiresAt <= now) this.expired(queued);
    else if (isLate) void this.#delayed(queued, now);
    else void this.spill([queued]);
  }

  /** Tells the sender that mail in a backlog is late (RFC 3461 §5.2.6), and marks it so. */
  async #delayed(queued: QueuedUnit, now: number): Promise<void> {
    const { envelope, recipients } = queued.unit;
    const next = asItIs(queued);
    const reason = this.#ports.lastError(queued) ?? "waiting for the destination";
    const waiting = { status: "4.4.1", text: reason, at: now } as const;
    const told = recipients
      .filter((r) => notificationDue(envelope.reversePath, r, "delayed") !== undefined)
      .map((recipient) => toldOf(recipient, next.last[recipient.path], waiting));
    const isTold = await this.#notices.offer(queued, "delayed", { recipients: told, occasion: 0 });
    const later = isTold ? { isDelayNotified: true } : { lookAt: now + roomRetryMs };
    const gone = await this.#deferrals.put([{ queued, next: { ...next, ...later } }]);
    if (gone.length > 0) this.#ports.contentMissing(queued, () => this.look(queued));
    else this.#endings.recordUntried(queued, "deferred");
  }

  /** Out of the log, which may be what is full, until there is room to tell of it. */
  async #postpone(queued: QueuedUnit, what: Settling): Promise<void> {
    const { clock, log } = this.#ports;
    const { plan, ending } = what;
    const { events, ...waiting } = postponedPlan(plan, attemptsOf(queued));
    const { isDelayNotified } = asItIs(queued);
    const dueAt = clock.now() + roomRetryMs;
    const next = { ...waiting, isDelayNotified, place: { kind: "wheel", dueAt } as const };
    const gone = await this.#deferrals.put([{ queued, next }]);
    if (gone.length > 0)
      return this.#ports.contentMissing(queued, () => void this.#settle(queued, what));
    log.warn("notification_postponed", { uid: queued.unit.uid });
    const postponed = {
      disposition: "deferred",
      recipients: events,
      nextAttemptAt: dueAt,
    } as const;
    this.#endings.record(queued, { ...ending, ...postponed });
  }

  /** It has left the log by another way already (suspect found in the store): record only that. */
  left(queued: QueuedUnit, disposition: "deferred" | "duplicate"): void {
    this.#endings.recordUntried(queued, disposition);
  }

  #context(queued: QueuedUnit, attempts: number) {
    const { clock, policy, delayNotificationMs, suppression } = this.#ports;
    const { origin } = queued;
    return {
      now: clock.now(),
      attempts,
      isDelayNotified: origin.kind === "store" && origin.deferred.isDelayNotified,
      isFinalDelivery: this.#ports.isFinalDelivery(queued),
      ...{ policy, delayNotificationMs, notifiesOfSuppressed: suppression.notifies },
    };
  }

  /** Never rejects, as long as our own parts keep their promises; if not, it begins anew. */
  async #settle(queued: QueuedUnit, what: Settling): Promise<void> {
    const { clock, log, storeRetryMs, isOver } = this.#ports;
    const { uid, isNotification } = queued.unit;
    // RFC 5321 §6.1: a notification that cannot be delivered ends here, and quietly.
    if (isNotification && what.plan.failed.length > 0)
      log.warn("notification_undeliverable", { uid });
    while (!isOver()) {
      try {
        return await this.#settleOnce(queued, what);
      } catch (error) {
        log.error("settlement_broke_off", { uid, error: String(error) });
        await clock.sleep(storeRetryMs);
      }
    }
  }

  async #settleOnce(queued: QueuedUnit, what: Settling): Promise<void> {
    const { plan, ending, isDestinationDown, occasion } = what;
    const { failed, delayed } = Object.fromEntries(plan.notifications);
    const isGood = (action: Action) => action !== "failed" && action !== "delayed";
    const good = new Map([...plan.notifications].filter(([action]) => isGood(action)));
    await this.#notices.send(queued, good, occasion);
    if (!(await this.#notices.offer(queued, "failed", { recipients: failed, occasion }))) {
      return await this.#postpone(queued, what);
    }
    await this.#recordBounces(queued, plan.failed, ending);
    if (plan.waiting === undefined) await this.#finishInStore([queued]);
    else {
      const isTold = await this.#notices.offer(queued, "delayed", {
        recipients: delayed,
        occasion,
      });
      const waiting = isTold ? plan.waiting : { ...plan.waiting, isDelayNotified: false };
      const next = this.#nextState(waiting, ending.attempt, isDestinationDown);
      const gone = await this.#deferrals.put([{ queued, next }]);
      if (gone.length > 0)
        return this.#ports.contentMissing(queued, () => void this.#settle(queued, what));
    }
    this.#endings.record(queued, ending);
  }

  async #recordBounces({ unit }: QueuedUnit, failed: Plan["failed"], ending: Ending) {
    if (failed.length === 0) return;
    const { store, metrics } = this.#ports;
    const bounces = failed.map((f) => bounceOf(unit, f, ending));
    await this.#writes.persist("bounce", () => store.recordBounces(bounces));
    for (const bounce of bounces) metrics.bounce(bounce.class);
    if (!unit.isNotification) await this.#suppressAfter(bounces);
  }

  /** Before the unit is settled: after a crash it bounces once more, rather than for nothing. */
  async #suppressAfter(bounces: readonly Bounce[]): Promise<void> {
    const { suppression, suppressions, metrics } = this.#ports;
    const entries = suppressionsAfter(bounces, suppression);
    if (entries.length === 0) return;
    const added = await this.#writes.persist("suppression", () => suppressions.add(entries));
    for (const { reason } of added) metrics.suppressionAdded(reason);
  }

  async #finishInStore(units: readonly QueuedUnit[]): Promise<void> {
    const stored = units.filter(mayBeStored);
    if (stored.length === 0) return;
    const { store, shard } = this.#ports;
    const uids = stored.map(({ unit }) => unit.uid);
    await this.#writes.persist("finish", () => store.finish(shard, uids));
  }

  #nextState(waiting: Waiting, attempts: number, isDestinationDown: boolean): NextState {
    const { recipients, last, isDelayNotified, nextAttemptAt: dueAt } = waiting;
    const place = isBacklogged(waiting, isDestinationDown)
      ? ({ kind: "backlog" } as const)
      : ({ kind: "wheel", dueAt } as const);
    return { recipients, attempts, place, isDelayNotified, last };
  }
}

interface Settling {
  readonly plan: Plan;
  readonly ending: Ending;
  readonly isDestinationDown: boolean;
  readonly occasion: number;
}

/** Delivered at the first try and nobody to tell: nothing but the journal is written. */
function isSimple(queued: QueuedUnit, plan: Plan): boolean {
  return (
    !mayBeStored(queued) &&
    plan.failed.length === 0 &&
    plan.waiting === undefined &&
    plan.notifications.size === 0
  );
}

/** It waits for its destination, not for a time of its own. */
function isBacklogged({ isForDestination }: Waiting, isDestinationDown: boolean): boolean {
  return isDestinationDown && isForDestination;
}

function toldOf(
  recipient: NotifiedRecipient["recipient"],
  last: LastOutcome | undefined,
  otherwise: LastOutcome,
): NotifiedRecipient {
  if (last === undefined) return { recipient, last: otherwise };
  return { recipient, last, triedAt: last.at };
}
