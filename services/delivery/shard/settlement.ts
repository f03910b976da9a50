/**
 * Carries a unit from its attempt to its end. The order is always: first what the outcome needs
 * elsewhere (notification, bounce record, deferred unit), then the journal's record that the unit is
 * settled, then the floor. Each write is repeated until it is known to be done: a unit whose store is
 * away waits unsettled (DESIGN §6).
 */
import type { Clock } from "#lib/clock";
import type { Disposition, RecipientEvent, UnitEvent } from "#lib/queue/event";
import type { RetryPolicy } from "#lib/queue/schedule";
import { queueIdOf, type Shard } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Bounce, Deferral, DeferredUnit, Place, Store } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import type { Log } from "#lib/telemetry/log";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Tenure } from "../tenure.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { Notifier } from "./notifier.ts";
import { PersistentWrites } from "./persistent-writes.ts";
import {
  cancelledPlan,
  type NotifiedRecipient,
  type Plan,
  planExpiry,
  planSettlement,
  type Waiting,
} from "./plan.ts";
import { attemptsOf, nextGeneration, type QueuedUnit } from "./queued-unit.ts";
import type { RetryWheel } from "./retry-wheel.ts";

export interface SettlementPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly stream: Stream;
  readonly journal: JournalWriter;
  readonly notifier: Notifier;
  readonly wheel: RetryWheel;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly policy: RetryPolicy;
  readonly delayNotificationMs: number;
  readonly storeRetryMs: number;
  /** The unit's next hop is a mailbox store: success means delivered, not relayed. */
  readonly isFinalDelivery: (queued: QueuedUnit) => boolean;
  /** The unit is settled at this position of the journal. */
  readonly settled: (queued: QueuedUnit, position: number) => void;
  /** The unit now waits in its destination's backlog. */
  readonly backlogged: (queued: QueuedUnit, deferred: DeferredUnit) => void;
  /** It was cancelled while it was moved, so it waits although nobody wants it any more. */
  readonly unwanted: (queued: QueuedUnit) => void;
  readonly tenure: Tenure;
  /** No longer the owner: stop repeating. */
  readonly isOver: () => boolean;
}

interface Ending {
  readonly disposition: Disposition;
  readonly recipients: readonly RecipientEvent[];
  readonly attempt: number;
  readonly report?: AttemptReport;
  readonly nextAttemptAt?: number;
}

export class Settlement {
  readonly #ports: SettlementPorts;
  readonly #writes: PersistentWrites;

  constructor(ports: SettlementPorts) {
    this.#ports = ports;
    this.#writes = new PersistentWrites(ports);
  }

  /** Resolves when none of its writes is under way. */
  quiet(): Promise<void> {
    return this.#writes.quiet();
  }

  /** After an attempt. `isDestinationDown`: what failed for want of a host waits in the backlog. */
  attempted(queued: QueuedUnit, report: AttemptReport, isDestinationDown: boolean): void {
    const { random, metrics } = this.#ports;
    metrics.attempt(report.durationMs);
    if (report.inDoubt > 0) metrics.inDoubt(report.inDoubt);
    const attempts = attemptsOf(queued) + 1;
    const planned = planSettlement(queued.unit, report, this.#context(queued, attempts), random);
    const plan = queued.isCancelled ? cancelledPlan(planned) : planned;
    const ending: Ending = {
      disposition: plan.disposition,
      recipients: plan.events,
      attempt: attempts,
      report,
      ...(plan.waiting === undefined ? {} : { nextAttemptAt: plan.waiting.nextAttemptAt }),
    };
    this.#tell(queued, ending);
    if (isSimple(queued, plan)) this.#record(queued, ending);
    else void this.#settle(queued, { plan, ending, isDestinationDown });
  }

  /** Its lifetime is over. */
  expired(queued: QueuedUnit): void {
    const attempts = attemptsOf(queued);
    const last = queued.origin.kind === "store" ? queued.origin.deferred.last : {};
    const plan = planExpiry(queued.unit, last, this.#context(queued, attempts));
    const ending = { disposition: plan.disposition, recipients: plan.events, attempt: attempts };
    this.#tell(queued, ending);
    void this.#settle(queued, { plan, ending, isDestinationDown: false });
  }

  /** An operator does not want them any more: they end without notification. */
  async cancelled(units: readonly QueuedUnit[]): Promise<void> {
    await this.#finishInStore(units);
    for (const queued of units) {
      const attempt = attemptsOf(queued);
      this.#record(queued, { disposition: "cancelled", recipients: [], attempt });
    }
  }

  /** Moves what may not be tried now to the backlog of its destination, in order. */
  async spill(drained: readonly QueuedUnit[]): Promise<void> {
    const units = drained.filter((queued) => !queued.isCancelled);
    if (units.length < drained.length) {
      await this.cancelled(drained.filter((queued) => queued.isCancelled));
    }
    if (units.length === 0) return;
    const { store, shard, metrics } = this.#ports;
    const deferrals = units.map((queued) => this.#deferral(queued, asItIs(queued)));
    await this.#writes.persist("spill", () => store.defer(shard, deferrals));
    if (this.#ports.isOver()) return;
    metrics.spilled(units.length);
    for (const [index, queued] of units.entries()) {
      const deferral = deferrals[index];
      if (deferral !== undefined) this.#ports.backlogged(queued, deferral.deferred);
      const attempt = attemptsOf(queued);
      this.#record(queued, { disposition: "spilled", recipients: [], attempt });
    }
  }

  /** Rewrites a deferred unit for another place or time. */
  async moveTo(queued: QueuedUnit, place: Place, isDelayNotified: boolean): Promise<void> {
    const { store, shard } = this.#ports;
    const deferral = this.#deferral(queued, { ...asItIs(queued), place, isDelayNotified });
    await this.#writes.persist("move", () => store.defer(shard, [deferral]));
    this.#placed(queued, deferral.deferred);
    this.#record(queued, { disposition: "deferred", recipients: [], attempt: attemptsOf(queued) });
  }

  /** Tells the sender that mail in a backlog is late (RFC 3461 §5.2.6), and marks it so. */
  async delayed(queued: QueuedUnit): Promise<void> {
    const last = queued.origin.kind === "store" ? queued.origin.deferred.last : {};
    const { now } = this.#context(queued, 0);
    const waiting = { status: "4.4.1", text: "waiting for the destination", at: now } as const;
    const recipients = queued.unit.recipients
      .filter((r) => r.notify === undefined || r.notify.includes("delay"))
      .map((recipient) => ({
        recipient,
        last: last[recipient.path] ?? waiting,
        isRemoteText: false,
      }));
    const isWanted = queued.unit.envelope.reversePath !== "" && recipients.length > 0;
    if (isWanted) await this.#notify(queued, new Map([["delayed" as const, recipients]]), 0);
    await this.moveTo(queued, { kind: "backlog" }, true);
  }

  /** It has left the log by another way already (suspect found in the store, parked): record only that. */
  left(queued: QueuedUnit, disposition: "deferred" | "parked" | "duplicate"): void {
    this.#record(queued, { disposition, recipients: [], attempt: attemptsOf(queued) });
  }

  #context(queued: QueuedUnit, attempts: number) {
    const { clock, policy, delayNotificationMs, isFinalDelivery } = this.#ports;
    const { origin } = queued;
    return {
      now: clock.now(),
      attempts,
      isDelayNotified: origin.kind === "store" && origin.deferred.isDelayNotified,
      isFinalDelivery: isFinalDelivery(queued),
      policy,
      delayNotificationMs,
    };
  }

  async #settle(
    queued: QueuedUnit,
    what: { plan: Plan; ending: Ending; isDestinationDown: boolean },
  ): Promise<void> {
    const { plan, ending, isDestinationDown } = what;
    await this.#notify(queued, plan.notifications, ending.attempt);
    await this.#recordBounces(queued, plan.failed);
    if (plan.waiting === undefined) await this.#finishInStore([queued]);
    else await this.#defer(queued, { waiting: plan.waiting, ending, isDestinationDown });
    this.#record(queued, ending);
  }

  async #notify(
    queued: QueuedUnit,
    notifications: Plan["notifications"],
    attempt: number,
  ): Promise<void> {
    if (notifications.size === 0) return;
    const { notifier, log, metrics } = this.#ports;
    const { unit } = queued;
    if (unit.isNotification) {
      // RFC 5321 §6.1: a notification that cannot be delivered ends here, and quietly.
      log.warn("notification_undeliverable", { uid: unit.uid });
      return;
    }
    const original = await this.#writes.persist("notify", () => this.#content(queued));
    for (const [action, recipients] of notifications) {
      const notice = { action, unit, recipients, attempt };
      await this.#writes.persist("notify", () =>
        notifier.send(notice, original ?? new Uint8Array()),
      );
      metrics.notification(action);
    }
  }

  async #recordBounces(queued: QueuedUnit, failed: readonly NotifiedRecipient[]): Promise<void> {
    if (failed.length === 0) return;
    const bounces = failed.map((f) => bounceOf(queued, f));
    await this.#writes.persist("bounce", () => this.#ports.store.recordBounces(bounces));
  }

  async #finishInStore(units: readonly QueuedUnit[]): Promise<void> {
    const stored = units.filter(({ origin }) => origin.kind === "store");
    if (stored.length === 0) return;
    const { store, shard } = this.#ports;
    const uids = stored.map(({ unit }) => unit.uid);
    await this.#writes.persist("finish", () => store.finish(shard, uids));
  }

  async #defer(
    queued: QueuedUnit,
    how: { waiting: Waiting; ending: Ending; isDestinationDown: boolean },
  ): Promise<void> {
    const { store, shard, wheel } = this.#ports;
    const { waiting, ending, isDestinationDown } = how;
    const isBacklogged = isDestinationDown && waiting.isForDestination;
    const deferral = this.#deferral(queued, {
      recipients: waiting.recipients,
      attempts: ending.attempt,
      place: isBacklogged
        ? { kind: "backlog" }
        : { kind: "wheel", dueAt: wheel.writable(waiting.nextAttemptAt) },
      isDelayNotified: waiting.isDelayNotified,
      last: waiting.last,
    });
    await this.#writes.persist("defer", () => store.defer(shard, [deferral]));
    this.#placed(queued, deferral.deferred);
  }

  #placed(queued: QueuedUnit, deferred: DeferredUnit): void {
    if (this.#ports.isOver()) return;
    const { place, unit, generation } = deferred;
    if (place.kind === "backlog") {
      this.#ports.backlogged(queued, deferred);
      return;
    }
    const { uid, sizeBytes } = unit;
    this.#ports.wheel.added({ position: "", uid, generation, at: place.dueAt, sizeBytes });
  }

  #deferral(queued: QueuedUnit, next: NextState): Deferral {
    const { recipients, ...state } = next;
    const unit = { ...queued.unit, recipients };
    return {
      deferred: { unit, generation: nextGeneration(queued), ...state },
      content: async () => {
        const content = await this.#content(queued);
        if (content === undefined) throw new Error(`Cannot defer "${unit.uid}": content is gone`);
        return content;
      },
    };
  }

  #content(queued: QueuedUnit): Promise<Uint8Array | undefined> {
    const { origin, unit } = queued;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return this.#ports.store.content(id);
    if (origin.content !== undefined) return Promise.resolve(origin.content);
    return this.#ports.stream.content(id);
  }

  #record(queued: QueuedUnit, ending: Ending): void {
    const { journal, clock, shard, settled, unwanted } = this.#ports;
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
      ...(report?.tls === undefined ? {} : { tls: report.tls }),
      ...(report === undefined ? {} : { durationMs: Math.round(report.durationMs) }),
      ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    };
    const isMoved = disposition === "deferred" || disposition === "spilled";
    journal.record(event, (position) => {
      settled(queued, position);
      if (isMoved && queued.isCancelled) unwanted(queued);
    });
  }

  /** One line for each attempt and recipient tells the whole story. */
  #tell(queued: QueuedUnit, ending: Ending): void {
    const { log, metrics } = this.#ports;
    const { unit } = queued;
    const { report, attempt, nextAttemptAt } = ending;
    for (const r of ending.recipients) {
      metrics.recipient(r.outcome);
      log.info("attempt", {
        uid: unit.uid,
        reverse_path: unit.envelope.reversePath,
        recipient: r.path,
        outcome: r.outcome,
        code: r.code,
        status: r.status,
        reply: r.text,
        remote: report?.remote,
        tls: report?.tls,
        duration_ms: report === undefined ? undefined : Math.round(report.durationMs),
        attempt,
        next_attempt_at: r.outcome === "transient" ? nextAttemptAt : undefined,
      });
    }
  }
}

interface NextState {
  readonly recipients: DeferredUnit["unit"]["recipients"];
  readonly attempts: number;
  readonly place: Place;
  readonly isDelayNotified: boolean;
  readonly last: DeferredUnit["last"];
}

/** The state of an untried unit that goes to the backlog. */
function asItIs(queued: QueuedUnit): NextState {
  const { origin, unit } = queued;
  const place = { kind: "backlog" } as const;
  if (origin.kind === "log") {
    return { recipients: unit.recipients, attempts: 0, place, isDelayNotified: false, last: {} };
  }
  const { attempts, isDelayNotified, last } = origin.deferred;
  return { recipients: unit.recipients, attempts, place, isDelayNotified, last };
}

/** Delivered at the first try and nobody to tell: nothing but the journal is written. */
function isSimple(queued: QueuedUnit, plan: Plan): boolean {
  return (
    queued.origin.kind === "log" &&
    plan.failed.length === 0 &&
    plan.waiting === undefined &&
    plan.notifications.size === 0
  );
}

function bounceOf(queued: QueuedUnit, { recipient, last }: NotifiedRecipient): Bounce {
  const { unit } = queued;
  return {
    uid: unit.uid,
    at: last.at,
    recipient,
    reversePath: unit.envelope.reversePath,
    destination: unit.destination,
    status: last.status,
    text: last.text,
    ...(unit.tenant === undefined ? {} : { tenant: unit.tenant }),
    ...(last.code === undefined ? {} : { code: last.code }),
    ...(last.remote === undefined ? {} : { remote: last.remote }),
  };
}
