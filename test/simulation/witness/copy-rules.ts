/** When a mail exchanger may be given a copy: what is due, and a second one only where the first is in doubt. */
import type { Clock } from "#lib/clock";
import { dueFrom } from "#lib/queue/schedule";
import type { Unit } from "#lib/queue/unit";
import type { MemoryStoreState } from "#lib/store/memory-state";
import type { DeferredUnit } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import type { Breaches } from "./breaches.ts";
import { type Copy, type Ledger, type RecipientState, textOf, type UnitState } from "./ledger.ts";
import type { Standing } from "./standing.ts";
import type { Trail } from "./trail.ts";

/** No retry comes sooner, as the worlds are set up; but the last one, just before the end. */
const retryMsMin = 8_000;
/** Of what a log says that an attempt took. */
const roundingMs = 1;

export interface CopyRulesPorts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly breaches: Breaches;
  readonly trail: Trail;
  readonly store: MemoryStoreState;
  readonly standing: Standing;
}

export class CopyRules {
  readonly #ports: CopyRulesPorts;
  #doubtful = 0;

  constructor(ports: CopyRulesPorts) {
    this.#ports = ports;
  }

  /** Second copies that nobody could exclude (RFC 1047). */
  get doubtful(): number {
    return this.#doubtful;
  }

  /** A mail exchanger has taken it. */
  copied(of: { writer: Incarnation; path: string; content: Uint8Array }): Copy | undefined {
    const { writer, path, content } = of;
    const { ledger, trail, breaches, clock } = this.#ports;
    const message = ledger.ofContent(content);
    if (message === undefined) {
      const text = textOf(content).slice(0, 300);
      breaches.broke("content arrives as it was accepted", [path], text);
      return undefined;
    }
    const unit = message.units.find(({ recipients }) => recipients.has(path));
    const recipient = unit?.recipients.get(path);
    if (unit === undefined || recipient === undefined) {
      breaches.broke("mail goes to its recipients only", [message.id], `${message.id} ${path}`);
      return undefined;
    }
    trail.note(`copy ${unit.unit.uid} ${path} by ${writer}`);
    this.#mayBeCopied(unit, recipient, writer);
    const { epoch } = ledger.shard(unit.shard);
    const atMs = clock.monotonic();
    const isDoubtful = this.#ports.standing.isArrivingLate;
    const copy = { writer, epoch, atMs, isAnswered: false, isDoubtful, isConfirmed: false };
    recipient.copies.push(copy);
    return copy;
  }

  /** The mail exchanger has answered the final dot of these. */
  answered(copies: readonly Copy[]): void {
    for (const copy of copies) {
      copy.isAnswered = true;
      if (this.#ports.standing.isPaused(copy.writer)) copy.isDoubtful = true;
    }
  }

  /** It stands still: what was answered lately may have its timeout first when it goes on. */
  paused(writer: Incarnation): void {
    for (const unit of this.#ports.ledger.units.values()) {
      for (const { copies } of unit.recipients.values()) {
        for (const copy of copies) if (copy.writer === writer) copy.isDoubtful = true;
      }
    }
  }

  /** A worker says that it has tried the unit just now. */
  attempted(unit: Unit, durationMs: number): void {
    const { clock, standing, breaches } = this.#ports;
    if (!standing.isTimeComparable) return;
    const begunAt = clock.now() - durationMs;
    const broke = (rule: string, byMs: number) =>
      breaches.broke(rule, [unit.uid], `${unit.uid} by ${byMs} ms`);
    const lateMs = begunAt - unit.expiresAt;
    if (lateMs > 0) broke("nothing is tried past its time", lateMs);
    const earlyMs = dueFrom(unit) - begunAt;
    if (earlyMs > roundingMs) broke("nothing is tried before its sender's time", earlyMs);
  }

  tooManySessions(writer: Incarnation, host: string, count: number): void {
    const text = `${writer} has ${count} sessions with ${host}`;
    this.#ports.breaches.broke("sessions with a destination are limited", [host], text);
  }

  #mayBeCopied(state: UnitState, recipient: RecipientState, writer: Incarnation): void {
    const { clock, store, standing, ledger, breaches } = this.#ports;
    const { uid } = state.unit;
    const shard = ledger.shard(state.shard);
    // A worker that lost the shard while the attempt ran, or gave it up: that copy itself is the
    // doubtful one.
    if (standing.isArrivingLate || standing.hasLost(writer, shard, shard.epoch)) {
      if (recipient.copies.length > 0) this.#doubtful += 1;
      return;
    }
    const stored = store.find(uid);
    const deferred = stored?.state === "waiting" ? stored.deferred : undefined;
    const isCarried = deferred === undefined || carries(deferred.unit, recipient);
    const text = `${recipient.path} by ${writer}`;
    if (stored?.state === "finished" || !isCarried) {
      breaches.broke("what is done is not done again", [uid], text);
    }
    const isEarly = deferred !== undefined && dueAt(deferred, standing) > clock.now();
    if (isEarly && standing.isTimeComparable) {
      breaches.broke("nothing is tried before its time", [uid], text);
    }
    for (const earlier of recipient.copies) this.#mustBeInDoubt(state, recipient, earlier);
  }

  #mustBeInDoubt(state: UnitState, recipient: RecipientState, earlier: Copy): void {
    const { standing, ledger, breaches } = this.#ports;
    const isLost = standing.hasLost(earlier.writer, ledger.shard(state.shard), earlier.epoch);
    const isUnheard = !earlier.isAnswered || earlier.isDoubtful;
    if (!earlier.isConfirmed && (isUnheard || isLost)) {
      this.#again(state.unit, recipient, earlier);
      return;
    }
    const text = `${recipient.path} has a copy by ${earlier.writer}`;
    breaches.broke("a second copy only in doubt", [state.unit.uid], text);
  }

  /** What is in doubt must not be tried on the next host at once (RFC 1047). */
  #again({ uid, expiresAt }: Unit, { path }: RecipientState, earlier: Copy): void {
    this.#doubtful += 1;
    const { clock, standing, breaches } = this.#ports;
    const isExcused = standing.isOver(earlier.writer) || standing.isPaused(earlier.writer);
    const isLast = clock.now() >= expiresAt - retryMsMin;
    if (isExcused || isLast || !standing.isTimeComparable) return;
    if (earlier.isDoubtful || clock.monotonic() - earlier.atMs >= retryMsMin) return;
    breaches.broke("what is in doubt waits for its next attempt", [uid], `${path} of ${uid}`);
  }
}

/**
 * Behind a clock that was put back a row stands later than it is due, for the cursor had come further.
 * A retry is over when times can be compared again; a sender's time may come long after that, and
 * even for what was tried already.
 */
function dueAt({ place, unit, attempts }: DeferredUnit, { hasClockStepped }: Standing): number {
  if (place.kind !== "wheel") return Number.NEGATIVE_INFINITY;
  const { notBefore } = unit;
  if (notBefore === undefined || (attempts > 0 && !hasClockStepped)) return place.dueAt;
  return attempts === 0 ? notBefore : Math.min(notBefore, place.dueAt);
}

function carries(unit: Unit, { path }: RecipientState): boolean {
  return unit.recipients.some((r) => r.path === path);
}
