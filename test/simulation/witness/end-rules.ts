/** Each recipient of what was accepted comes to one end, and nothing is settled before it. */
import type { RecipientEvent, UnitEvent } from "#lib/queue/event";
import type { Uid } from "#lib/queue/unit";
import type { MemoryStoreState } from "#lib/store/memory-state";
import type { Deferral } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import type { Breaches } from "./breaches.ts";
import type { Ledger, RecipientState, UnitState } from "./ledger.ts";
import type { NotificationRules } from "./notification-rules.ts";
import type { Trail } from "./trail.ts";

export interface EndRulesPorts {
  readonly ledger: Ledger;
  readonly breaches: Breaches;
  readonly trail: Trail;
  readonly store: MemoryStoreState;
  readonly notifications: NotificationRules;
}

export class EndRules {
  readonly #ports: EndRulesPorts;
  readonly #appended = new Set<string>();

  constructor(ports: EndRulesPorts) {
    this.#ports = ports;
  }

  /** The journal has it. */
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
      const left = new Set<string>(unit.recipients.map(({ path }) => path));
      this.#eachOf(unit.uid, (state, r) => left.has(r.path) || this.#mustHaveEnded(state, r));
    }
  }

  finishing(uids: readonly Uid[]): void {
    for (const uid of uids) {
      this.#ports.trail.note(`finish ${uid}`);
      this.#eachOf(uid, (state, recipient) => this.#mustHaveEnded(state, recipient));
    }
  }

  /** Those of what was promised whose end nobody knows. */
  get withoutEnd(): readonly RecipientState[] {
    const found: RecipientState[] = [];
    for (const unit of this.#ports.ledger.units.values()) {
      if (!unit.message.isPromised) continue;
      for (const r of unit.recipients.values()) if (!this.#hasEnded(unit, r)) found.push(r);
    }
    return found;
  }

  #eachOf(uid: Uid, check: (unit: UnitState, recipient: RecipientState) => void): void {
    const unit = this.#ports.ledger.units.get(uid);
    if (unit === undefined) return;
    for (const recipient of unit.recipients.values()) check(unit, recipient);
  }

  #recorded(writer: Incarnation, event: UnitEvent): void {
    const { ledger, trail, breaches, store } = this.#ports;
    const { uid, shard, sequence, disposition } = event;
    trail.note(
      `journal ${writer}: ${uid} ${disposition} sequence ${sequence} ${outcomesOf(event)}`,
    );
    const state = ledger.shard(shard);
    if (state.owner !== writer && state.isStarted) {
      breaches.broke("no effect under an old epoch", [uid], `${writer} recorded ${uid}`);
    }
    if (sequence > 0) ledger.settled(shard, sequence);
    const unit = ledger.units.get(uid);
    if (unit === undefined) return;
    for (const outcome of event.recipients) this.#outcome(writer, unit, outcome);
    switch (disposition) {
      case "deferred":
      case "spilled":
        if (store.find(uid) !== undefined) return;
        breaches.broke("the new place comes first", [uid], `${uid} is ${disposition} and nowhere`);
        return;
      case "duplicate":
        return;
      case "parked":
      case "cancelled":
      case "delivered":
      case "failed":
        this.#eachOf(uid, (_, recipient) => this.#mustHaveEnded(unit, recipient));
    }
  }

  #outcome(writer: Incarnation, unit: UnitState, { path, outcome }: RecipientEvent): void {
    const recipient = unit.recipients.get(path);
    if (recipient === undefined || outcome === "transient") return;
    const { breaches } = this.#ports;
    const { uid } = unit.unit;
    if (recipient.end !== undefined) {
      const text = `${path}: ${recipient.end}, ${outcome}`;
      breaches.broke("each recipient has one end", [uid], text);
    }
    recipient.end = outcome;
    if (outcome === "permanent" && !isRefusedForGood(unit, path)) {
      breaches.broke("only what is refused for good fails", [uid], `${path} of ${uid}`);
    }
    if (outcome !== "delivered") return;
    const own = recipient.copies.filter((copy) => copy.writer === writer);
    if (own.length === 0) breaches.broke("delivered is delivered", [uid], `${path} has no copy`);
    for (const copy of own) copy.isConfirmed = true;
  }

  /** Delivered, or failed with all that goes with it; in the journal or, after a crash, in the world. */
  #hasEnded(unit: UnitState, recipient: RecipientState): boolean {
    if (recipient.copies.some(({ isAnswered }) => isAnswered)) return true;
    const { store, notifications } = this.#ports;
    const { uid } = unit.unit;
    if (store.parked.has(`${unit.shard}/${unit.sequence}`)) return true;
    const isRecorded = store.bounces.isRecorded(uid, recipient.path);
    return isRecorded && notifications.isToldOfFailure(unit, recipient);
  }

  #mustHaveEnded(unit: UnitState, recipient: RecipientState): void {
    if (this.#hasEnded(unit, recipient)) return;
    const { uid } = unit.unit;
    const text = `${recipient.path} of ${uid} has none`;
    this.#ports.breaches.broke("what was accepted has an end", [uid], text);
  }
}

/** The mail exchangers say 5yz to nobody else, and to all recipients of what one of them is picky about. */
function isRefusedForGood({ recipients }: UnitState, path: string): boolean {
  return path.startsWith("nobody") || [...recipients.keys()].some((p) => p.startsWith("picky"));
}

function outcomesOf({ recipients }: UnitEvent): string {
  return recipients.map(({ path, outcome, text }) => `${path}=${outcome} "${text}"`).join(" ");
}
