/**
 * Sees every effect from outside, at the moment it happens, and holds it against the rules
 * (STYLE §9): the first rule that is broken ends the run.
 */
import type { Clock } from "#lib/clock";
import type { Checkpoint, Epoch } from "#lib/leases/leases";
import type { RecipientEvent, UnitEvent } from "#lib/queue/event";
import type { Message, Recipient, Shard, Uid } from "#lib/queue/unit";
import type { MemoryStoreState } from "#lib/store/memory-state";
import type { Deferral } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import {
  type Copy,
  type Ledger,
  type MessageState,
  type RecipientState,
  textOf,
  type UnitState,
} from "./ledger.ts";
import { toldOf } from "./told.ts";
import type { Trail } from "./trail.ts";

/** An attempt that began in time may take this long until its final dot. */
const attemptMsMax = 600_000;
/** After a step of the wall clock times of before and after it cannot be compared. */
const stepForgottenMs = 300_000;

export interface Violation {
  readonly rule: string;
  /** Words by which the events concerned are found. */
  readonly about: readonly string[];
  readonly text: string;
}

export interface WitnessPorts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly store: MemoryStoreState;
  readonly trail: Trail;
}

export class Witness {
  readonly #ports: WitnessPorts;
  readonly #over = new Set<Incarnation>();
  readonly #paused = new Set<Incarnation>();
  readonly #appended = new Set<string>();
  #steppedAt = Number.NEGATIVE_INFINITY;
  #violation: Violation | undefined;
  doubtfulCopies = 0;

  constructor(ports: WitnessPorts) {
    this.#ports = ports;
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** The incarnation was killed or its journal sealed. */
  over(writer: Incarnation): void {
    this.#over.add(writer);
  }

  /** It stands still: what was answered lately may have its timeout first when it goes on. */
  paused(writer: Incarnation): void {
    this.#paused.add(writer);
    for (const unit of this.#ports.ledger.units.values()) {
      for (const { copies } of unit.recipients.values()) {
        for (const copy of copies) if (copy.writer === writer) copy.isDoubtful = true;
      }
    }
  }

  resumed(writer: Incarnation): void {
    this.#paused.delete(writer);
  }

  /** The mail exchanger has answered the final dot of these copies. */
  answered(copies: readonly Copy[]): void {
    for (const copy of copies) {
      copy.isAnswered = true;
      if (this.#paused.has(copy.writer)) copy.isDoubtful = true;
    }
  }

  clockStepped(): void {
    this.#steppedAt = this.#ports.clock.monotonic();
  }

  /** `Intake` has stored it. */
  stored(message: Message): void {
    const state = this.#ports.ledger.stored(message);
    if (state === undefined) return;
    this.#ports.trail.note(`stored ${message.id} ${message.units.map(describe).join(", ")}`);
    const isOurs = message.units.some((unit) => unit.isNotification);
    if (!isOurs) return;
    state.isPromised = true;
    this.#notified(message);
  }

  /** A client has its 250 for what it sent. */
  promised(envid: string, content: Uint8Array): void {
    const message = this.#ports.ledger.named(envid);
    if (message === undefined) {
      this.#broke("250 means stored", [envid], `${envid} is nowhere`);
      return;
    }
    message.isPromised = true;
    const sent = textOf(content);
    const added = message.content.slice(0, -sent.length);
    if (message.content !== added + sent || !/^Received: (.|\r\n[ \t])*\r\n$/.test(added)) {
      this.#broke("only a trace field is added", [envid], message.content.slice(0, 300));
    }
  }

  appended(writer: Incarnation, events: readonly UnitEvent[]): void {
    for (const event of events) {
      // An append whose answer was lost is repeated as it was.
      const key = `${writer} ${event.uid} ${event.at} ${event.attempt} ${event.disposition}`;
      if (this.#appended.has(key)) continue;
      this.#appended.add(key);
      this.#recorded(writer, event);
    }
  }

  /** A write of the store begins: whoever is not carried on must have had an end. */
  deferring(deferrals: readonly Deferral[]): void {
    for (const { deferred } of deferrals) {
      const { unit, generation, place } = deferred;
      this.#ports.trail.note(`defer ${unit.uid} generation ${generation} ${JSON.stringify(place)}`);
      const state = this.#ports.ledger.units.get(unit.uid);
      const left = new Set<string>(unit.recipients.map(({ path }) => path));
      for (const recipient of state?.recipients.values() ?? []) {
        if (state !== undefined && !left.has(recipient.path)) this.#mustHaveEnded(state, recipient);
      }
    }
  }

  finishing(uids: readonly Uid[]): void {
    for (const uid of uids) {
      this.#ports.trail.note(`finish ${uid}`);
      const state = this.#ports.ledger.units.get(uid);
      for (const recipient of state?.recipients.values() ?? []) {
        if (state !== undefined) this.#mustHaveEnded(state, recipient);
      }
    }
  }

  purging(shard: Shard, floor: number): void {
    const { settledThrough, checkpointedFloor, log } = this.#ports.ledger.shard(shard);
    const about = [log[settledThrough]?.uid ?? `shard ${shard}`];
    if (floor > settledThrough) {
      this.#broke("nothing unsettled is purged", about, `shard ${shard} up to ${floor}`);
    }
    if (floor > checkpointedFloor) {
      this.#broke("purged only behind the checkpoint", about, `shard ${shard} up to ${floor}`);
    }
  }

  claimed(shard: Shard, owner: Incarnation, epoch: Epoch): void {
    this.#ports.trail.note(`claimed shard ${shard} by ${owner} epoch ${epoch}`);
    Object.assign(this.#ports.ledger.shard(shard), { owner, epoch, isStarted: false });
  }

  checkpointed(shard: Shard, checkpoint: Checkpoint): void {
    const state = this.#ports.ledger.shard(shard);
    const { floor } = checkpoint;
    const about = [state.log[state.settledThrough]?.uid ?? `shard ${shard}`];
    state.isStarted = true;
    if (floor > state.settledThrough) {
      this.#broke("the floor is below all that is unsettled", about, `shard ${shard} at ${floor}`);
    }
    if (floor < state.checkpointedFloor) {
      this.#broke("the floor never falls", about, `shard ${shard} to ${floor}`);
    }
    state.checkpointedFloor = floor;
  }

  released(shard: Shard, checkpoint: Checkpoint): void {
    this.checkpointed(shard, checkpoint);
    this.#ports.trail.note(`released shard ${shard} floor ${checkpoint.floor}`);
    this.#ports.ledger.shard(shard).owner = undefined;
  }

  /** A mail exchanger has taken a copy. The result is to be told whether its answer arrived. */
  copied(of: { writer: Incarnation; path: string; content: Uint8Array }): Copy | undefined {
    const { writer, path, content } = of;
    const { ledger, trail } = this.#ports;
    const message = ledger.ofContent(content);
    if (message === undefined) {
      this.#broke("content arrives as it was accepted", [path], textOf(content).slice(0, 300));
      return undefined;
    }
    const unit = message.units.find(({ recipients }) => recipients.has(path));
    const recipient = unit?.recipients.get(path);
    if (unit === undefined || recipient === undefined) {
      this.#broke("mail goes to its recipients only", [message.id, path], `${message.id} ${path}`);
      return undefined;
    }
    const { epoch } = ledger.shard(unit.shard);
    const copy = { writer, epoch, isAnswered: false, isDoubtful: false, isConfirmed: false };
    trail.note(`copy ${unit.unit.uid} ${path} by ${writer}`);
    this.#mayBeCopied(unit, recipient, writer);
    recipient.copies.push(copy);
    return copy;
  }

  /** More sessions with a destination than its limit. */
  tooManySessions(writer: Incarnation, destination: string, count: number): void {
    const text = `${writer} has ${count} sessions with ${destination}`;
    this.#broke("sessions with a destination are limited", [destination], text);
  }

  /** Said of a finished run: those whose end nobody knows. */
  get withoutEnd(): readonly RecipientState[] {
    const found: RecipientState[] = [];
    for (const unit of this.#ports.ledger.units.values()) {
      if (!unit.message.isPromised) continue;
      for (const r of unit.recipients.values()) if (!this.hasEnded(unit, r)) found.push(r);
    }
    return found;
  }

  /** Delivered, or failed with all that goes with it; in the journal or, after a crash, in the world. */
  hasEnded(unit: UnitState, recipient: RecipientState): boolean {
    const isDelivered = recipient.copies.some(({ isAnswered }) => isAnswered);
    if (isDelivered) return true;
    const isRecorded = this.#ports.store.bounces.has(`${unit.unit.uid} ${recipient.path}`);
    return isRecorded && this.#isToldOfFailure(unit, recipient);
  }

  #recorded(writer: Incarnation, event: UnitEvent): void {
    const { ledger, trail, store } = this.#ports;
    const { uid, shard, sequence, disposition } = event;
    trail.note(
      `journal ${writer}: ${uid} ${disposition} sequence ${sequence} ${outcomesOf(event)}`,
    );
    const state = ledger.shard(shard);
    if (state.owner !== writer && state.isStarted) {
      this.#broke("no effect under an old epoch", [uid], `${writer} recorded ${uid}`);
    }
    if (sequence > 0) ledger.settled(shard, sequence);
    const unit = ledger.units.get(uid);
    if (unit === undefined) return;
    for (const outcome of event.recipients) this.#outcome(writer, unit, outcome);
    const isMoved = disposition === "deferred" || disposition === "spilled";
    const isThere = store.find(uid) !== undefined;
    if (isMoved && !isThere) {
      this.#broke("the new place comes first", [uid], `${uid} is ${disposition} and nowhere`);
    }
    if (disposition === "parked" || isMoved) return;
    if (disposition === "duplicate") return;
    for (const r of unit.recipients.values()) this.#mustHaveEnded(unit, r);
  }

  #outcome(writer: Incarnation, unit: UnitState, { path, outcome }: RecipientEvent): void {
    const recipient = unit.recipients.get(path);
    if (recipient === undefined || outcome === "transient") return;
    const { uid } = unit.unit;
    if (recipient.end !== undefined) {
      this.#broke("each recipient has one end", [uid], `${path}: ${recipient.end}, ${outcome}`);
    }
    recipient.end = outcome;
    if (outcome !== "delivered") return;
    const own = recipient.copies.filter((copy) => copy.writer === writer);
    if (own.length === 0) this.#broke("delivered is delivered", [uid], `${path} has no copy`);
    for (const copy of own) copy.isConfirmed = true;
  }

  /** Only what is due, and a second copy only where the first is in doubt. */
  #mayBeCopied(state: UnitState, recipient: RecipientState, writer: Incarnation): void {
    const { uid, expiresAt } = state.unit;
    const { clock, store } = this.#ports;
    const isTimeComparable = clock.monotonic() - this.#steppedAt > stepForgottenMs;
    if (isTimeComparable && clock.now() > expiresAt + attemptMsMax) {
      this.#broke("nothing is tried past its time", [uid], `${recipient.path} of ${uid}`);
    }
    // A worker that lost the shard while the attempt ran: that copy itself is the doubtful one.
    if (this.#isFenced(writer, state.shard)) {
      if (recipient.copies.length > 0) this.doubtfulCopies += 1;
      return;
    }
    const stored = store.find(uid);
    const deferred = stored?.state === "waiting" ? stored.deferred : undefined;
    const isDone = stored?.state === "finished" || (deferred && !carries(deferred.unit, recipient));
    if (isDone) {
      this.#broke("what is done is not done again", [uid], `${recipient.path} by ${writer}`);
    }
    const isEarly = deferred?.place.kind === "wheel" && deferred.place.dueAt > clock.now();
    if (isEarly && isTimeComparable) {
      this.#broke("nothing is tried before its time", [uid], `${recipient.path} by ${writer}`);
    }
    this.#earlierInDoubt(state, recipient);
  }

  #earlierInDoubt({ unit, shard }: UnitState, recipient: RecipientState): void {
    for (const earlier of recipient.copies) {
      const isLost = this.#isFenced(earlier.writer, shard, earlier.epoch);
      const isUnheard = !earlier.isAnswered || earlier.isDoubtful;
      const isInDoubt = !earlier.isConfirmed && (isUnheard || isLost);
      if (isInDoubt) this.doubtfulCopies += 1;
      else {
        const text = `${recipient.path} has a copy by ${earlier.writer}`;
        this.#broke("a second copy only in doubt", [unit.uid], text);
      }
    }
  }

  #isFenced(writer: Incarnation, shard: Shard, epoch?: Epoch): boolean {
    const state = this.#ports.ledger.shard(shard);
    const isSuperseded = epoch !== undefined && epoch !== state.epoch;
    return this.#over.has(writer) || state.owner !== writer || isSuperseded;
  }

  #mustHaveEnded(unit: UnitState, recipient: RecipientState): void {
    if (this.hasEnded(unit, recipient)) return;
    const { uid } = unit.unit;
    this.#broke("what was accepted has an end", [uid], `${recipient.path} of ${uid} has none`);
  }

  #isToldOfFailure({ unit, message }: UnitState, { path }: RecipientState): boolean {
    const recipient = unit.recipients.find((r) => r.path === path);
    if (unit.isNotification || unit.envelope.reversePath === "") return true;
    if (recipient !== undefined && !mayBeTold(recipient, "failed")) return true;
    return message.notified.get(path)?.has("failed") ?? false;
  }

  #notified(message: Message): void {
    const told = toldOf(message.content);
    const original = this.#ports.ledger.named(told.envid);
    if (original === undefined) return;
    for (const { path, action } of told.recipients) this.#told(original, { path, action });
  }

  #told(original: MessageState, { path, action }: { path: string; action: string }): void {
    const unit = original.units.find(({ recipients }) => recipients.has(path))?.unit;
    const recipient = unit?.recipients.find((r) => r.path === path);
    if (unit === undefined || recipient === undefined) return;
    if (unit.envelope.reversePath === "") {
      this.#broke("no notification for a null reverse-path", [unit.uid], `${path} ${action}`);
    }
    if (!mayBeTold(recipient, action)) {
      this.#broke("NOTIFY is obeyed", [unit.uid], `${path} ${action}`);
    }
    const actions = original.notified.get(path) ?? new Set<string>();
    original.notified.set(path, actions.add(action));
  }

  #broke(rule: string, about: readonly string[], text: string): void {
    this.#ports.trail.note(`BROKEN: ${rule}: ${text}`);
    this.#violation ??= { rule, about, text };
  }
}

function carries(unit: { recipients: readonly Recipient[] }, { path }: RecipientState): boolean {
  return unit.recipients.some((r) => r.path === path);
}

const keywordOf: Readonly<Record<string, "failure" | "delay" | "success">> = {
  failed: "failure",
  delayed: "delay",
  delivered: "success",
  relayed: "success",
};

/** RFC 3461 §4.1, §5.2.5, §5.2.6. */
function mayBeTold({ notify }: Recipient, action: string): boolean {
  const keyword = keywordOf[action];
  if (keyword === undefined) return false;
  if (notify === undefined || notify.length === 0) return keyword !== "success";
  return notify.includes(keyword);
}

function describe({ uid, recipients }: Message["units"][number]): string {
  return `${uid} (${recipients.map(({ path }) => path).join(" ")})`;
}

function outcomesOf({ recipients }: UnitEvent): string {
  return recipients.map(({ path, outcome, text }) => `${path}=${outcome} "${text}"`).join(" ");
}
