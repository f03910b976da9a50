/** One unit in a session's hands: from its departure to its settlement, and what its destination learns from it. */
import type { Outcome } from "#lib/queue/outcome";
import { retryInterval } from "#lib/queue/schedule";
import { queueIdOf, type Shard, type Unit } from "#lib/queue/unit";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { Pass } from "../attempt/pass.ts";
import type { Lent } from "../attempt/session-pool.ts";
import type { Admission, Departure } from "../destination/admission.ts";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Sent } from "../dispatcher.ts";
import type { WorkerPorts } from "../ports.ts";
import type { Settlement } from "../settlement/settlement.ts";
import type { Suppressed } from "../suppression/known-suppressions.ts";
import { untried, withoutSuppressed, withSuppressed } from "../suppression/suppressed-report.ts";
import type { ContentMissing } from "./parking.ts";
import type { QueuedUnit } from "./queued-unit.ts";

const internalFailure: Outcome = {
  kind: "transient",
  scope: "transaction",
  status: "4.3.0",
  reason: "internal error",
};

const nobody: Suppressed = new Map();
/** Whoever is not tried needs none. */
const noContent = new Uint8Array();

export interface UnitRunPorts
  extends Pick<
    WorkerPorts,
    | "attempts"
    | "clock"
    | "config"
    | "log"
    | "measures"
    | "metrics"
    | "random"
    | "store"
    | "stream"
    | "suppressions"
  > {
  readonly shard: Shard;
  readonly settlement: Settlement;
  readonly admission: Admission;
  readonly isOver: () => boolean;
  /** False when it was left to the shard's next owner meanwhile. */
  readonly isHere: (queued: QueuedUnit) => boolean;
  /** The destination may go on, with what is ready or with its backlog. */
  readonly goOn: (queue: DestinationQueue) => void;
  readonly close: (queue: DestinationQueue) => void;
  readonly reopen: (queue: DestinationQueue) => void;
  readonly offer: (units: readonly QueuedUnit[]) => void;
  readonly contentMissing: ContentMissing;
}

interface Trying {
  readonly content: Uint8Array;
  readonly suppressed: Suppressed;
  /** Set when it is known what came of it: something may have been sent. */
  readonly told: { isReported: boolean };
}

export class UnitRun {
  readonly #ports: UnitRunPorts;

  constructor(ports: UnitRunPorts) {
    this.#ports = ports;
  }

  next(queue: DestinationQueue, lent?: Lent): Departure | undefined {
    const { isOver, admission } = this.#ports;
    return isOver() ? undefined : admission.next(queue, lent);
  }

  /** Never rejects. */
  async run(queue: DestinationQueue, departure: Departure, sent: Sent<Departure>): Promise<void> {
    const { clock, log, config, settlement, suppressions, isOver, admission } = this.#ports;
    const { queued } = departure;
    let isUsed = false;
    const told = { isReported: false };
    try {
      if (isOver()) return;
      const suppressed = (await suppressions.among(queued.unit)) ?? nobody;
      const isForNobody = suppressed.size === queued.unit.recipients.length;
      const content = isForNobody ? noContent : await this.#content(queued);
      // Only now: the store may have taken its time.
      if (isOver()) return;
      if (queued.isCancelled) return await settlement.cancelled([queued]);
      if (queued.unit.expiresAt <= clock.now()) return settlement.expired(queued);
      if (content === undefined) return this.#contentMissing(queued);
      if (isForNobody) return this.#suppress(queue, queued, suppressed);
      isUsed = true;
      const follow = (lent: Lent) => sent(() => this.next(queue, lent));
      const pass = { ...departure.pass, sent: follow };
      await this.#attempt(queue, { ...departure, pass }, { content, suppressed, told });
    } catch (error) {
      log.error("attempt_broke_off", { uid: queued.unit.uid, error: String(error) });
      // What may have been sent is left to the shard's next owner: here it would be sent each second.
      if (told.isReported) return;
      clock.after(config.timings.storeRetryMs, () => this.#ports.offer([queued]));
    } finally {
      if (!isUsed) admission.giveBack(departure.pass);
    }
  }

  #contentMissing(queued: QueuedUnit): void {
    this.#ports.contentMissing(queued, () => this.#ports.offer([queued]));
  }

  /** Nobody is left whom anything may be sent to: no connection is made. */
  #suppress(queue: DestinationQueue, queued: QueuedUnit, suppressed: Suppressed): void {
    const { settlement, metrics, isHere, goOn } = this.#ports;
    if (!isHere(queued)) return;
    metrics.suppressed(suppressed.size);
    settlement.attempted(queued, withSuppressed(queued.unit, untried, suppressed), false);
    goOn(queue);
  }

  async #attempt(
    queue: DestinationQueue,
    { queued, lane, pass }: Departure,
    { content, suppressed, told }: Trying,
  ): Promise<void> {
    const { clock, settlement, metrics, isOver, goOn, admission } = this.#ports;
    const startedAt = clock.monotonic();
    const unit = suppressed.size === 0 ? queued.unit : withoutSuppressed(queued.unit, suppressed);
    const report = await this.#report(unit, content, pass);
    if (isOver() || !this.#ports.isHere(queued)) return this.#leftBehind(queued, report);
    if (report.limited !== undefined) admission.refuse(queue, lane, report.limited);
    if (report.isVoid) return this.#ports.offer([queued]);
    told.isReported = true;
    const isDown = this.#unless(false, () => this.#feedback(queue, report, startedAt));
    if (suppressed.size > 0) metrics.suppressed(suppressed.size);
    const judged = this.#unless(report, () => this.#judged(report, pass));
    settlement.attempted(queued, withSuppressed(queued.unit, judged, suppressed), isDown);
    goOn(queue);
  }

  /** What is learnt from an attempt must not keep its outcome from being settled. */
  #unless<T>(otherwise: T, learn: () => T): T {
    try {
      return learn();
    } catch (error) {
      this.#ports.log.error("outcome_not_learnt", { error: String(error) });
      return otherwise;
    }
  }

  /** Rules on replies hear what hosts said, and may make a failure of what waits. */
  #judged(report: AttemptReport, { path: { subject } }: Pass): AttemptReport {
    const { measures } = this.#ports;
    const { outcomes, failedHosts = [], remoteName: last } = report;
    for (const { host, outcome } of failedHosts) {
      // The last one's is an outcome of the attempt, if nobody else took the mail.
      if (!outcomes.includes(outcome)) measures.judge([outcome], { subject, host });
    }
    const judged = measures.judge(outcomes, { subject, host: last });
    return judged === outcomes ? report : { ...report, outcomes: judged };
  }

  /** The next owner tries it again: what was sent of it may arrive twice, as without a reply (RFC 1047). */
  #leftBehind({ unit }: QueuedUnit, { outcomes, inDoubt, remote }: AttemptReport): void {
    const { metrics, log } = this.#ports;
    const sent = outcomes.filter(({ kind }) => kind === "delivered").length + inDoubt;
    if (sent === 0) return;
    metrics.inDoubt(sent);
    log.warn("attempt_in_doubt", { uid: unit.uid, recipients: sent, remote });
  }

  /** Unknown is transient, and keeps to the schedule: something may have been sent. */
  async #report(unit: Unit, content: Uint8Array, pass: Pass): Promise<AttemptReport> {
    const { attempts, clock, log } = this.#ports;
    const startedAt = clock.monotonic();
    try {
      return await attempts.attempt(unit, content, pass);
    } catch (error) {
      log.error("attempt_failed", { uid: unit.uid, error: String(error) });
      const outcomes = unit.recipients.map(() => internalFailure);
      const durationMs = clock.monotonic() - startedAt;
      return { outcomes, durationMs, inDoubt: 0, isVoid: false };
    }
  }

  #content(queued: QueuedUnit): Promise<Uint8Array | undefined> | Uint8Array {
    const { origin, unit } = queued;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return this.#ports.store.content(id);
    return origin.content ?? this.#ports.stream.content(id);
  }

  /**
   * Tells the destination how it went; true when that leaves it down. Who failed while that is in
   * doubt waits for its own time: a success of another would bring it back at once from the backlog.
   */
  #feedback(queue: DestinationQueue, report: AttemptReport, startedAt: number): boolean {
    const failure = report.outcomes.find((outcome) => outcome.kind === "transient");
    const isHostFailure = report.outcomes.every(
      (o) => o.kind === "transient" && (o.scope === "host" || o.scope === "destination"),
    );
    if (!isHostFailure || failure === undefined) {
      queue.succeeded();
      return false;
    }
    const failures = queue.failed(startedAt);
    if (failures > 0 && queue.down === undefined) this.#goDown(queue, failure.reason, failures);
    return failures > 0;
  }

  #goDown(queue: DestinationQueue, reason: string, failures: number): void {
    const { clock, random, config, log, metrics, close, reopen } = this.#ports;
    const until = clock.now() + retryInterval(failures, config.retry, random);
    queue.goDown(reason, until, () => reopen(queue));
    close(queue);
    metrics.destinationDown();
    const { destination } = queue;
    log.warn("destination_down", { destination, reason, until: new Date(until).toISOString() });
  }
}
