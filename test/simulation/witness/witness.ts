/**
 * Sees every effect from outside, at the moment it happens, and holds it against the rules
 * (STYLE §9, "Safety").
 */
import type { Clock } from "#lib/clock";
import { parseUid } from "#lib/queue/queue-id";
import type { Message } from "#lib/queue/unit";
import type { MemoryStoreState } from "#lib/store/memory-state";
import type { Incarnation } from "#lib/stream/journal";
import { Breaches } from "./breaches.ts";
import { CopyRules } from "./copy-rules.ts";
import { EndRules } from "./end-rules.ts";
import { HoldRules } from "./hold-rules.ts";
import { Ledger, textOf } from "./ledger.ts";
import { NotificationRules } from "./notification-rules.ts";
import { ShardRules } from "./shard-rules.ts";
import { Standing } from "./standing.ts";
import type { Trail } from "./trail.ts";

export interface WitnessPorts {
  readonly clock: Clock;
  readonly shardCount: number;
  readonly store: MemoryStoreState;
  readonly trail: Trail;
  readonly isSplitLater: (message: Message) => boolean;
}

export class Witness {
  readonly ledger: Ledger;
  readonly breaches: Breaches;
  readonly copies: CopyRules;
  readonly ends: EndRules;
  readonly shards: ShardRules;
  readonly standing: Standing;
  readonly holds: HoldRules;
  readonly #notifications: NotificationRules;
  readonly #trail: Trail;
  readonly #isSplitLater: (message: Message) => boolean;

  constructor({ clock, shardCount, store, trail, isSplitLater }: WitnessPorts) {
    const ledger = new Ledger(shardCount);
    const breaches = new Breaches(trail);
    const standing = new Standing(clock);
    const notifications = new NotificationRules({ ledger, breaches, clock });
    this.#trail = trail;
    this.#isSplitLater = isSplitLater;
    this.holds = new HoldRules(clock, breaches);
    this.#notifications = notifications;
    this.ledger = ledger;
    this.breaches = breaches;
    this.standing = standing;
    this.copies = new CopyRules({ clock, ledger, breaches, trail, store, standing });
    this.ends = new EndRules({ ledger, breaches, trail, store, notifications });
    this.shards = new ShardRules(ledger, breaches, trail);
  }

  /** `Intake` has stored it. */
  stored(message: Message, by = "nobody"): void {
    const state = this.ledger.stored(message);
    if (state === undefined) return;
    if (!this.#isSplitLater(message)) for (const unit of message.units) this.ledger.published(unit);
    this.#trail.note(`stored ${message.id} ${message.units.map(describe).join(", ")}`);
    if (!message.units.some((unit) => unit.isNotification)) return;
    state.isPromised = true;
    this.#notifications.stored(message, by);
  }

  /** There was no room for it, and somebody was told so. */
  refused({ id }: Message): void {
    this.#notifications.refused(id);
  }

  /** A worker has added one of a message's units to its shard's log. */
  published({ units }: Message, index: number): void {
    const unit = units[index];
    if (unit === undefined) return;
    this.#trail.note(`published ${unit.uid}`);
    this.ledger.published(unit);
  }

  /** A client has its 250 for what it sent. */
  promised(envid: string, content: Uint8Array): void {
    const message = this.ledger.named(envid);
    if (message === undefined) {
      this.breaches.broke("250 means stored", [envid], `${envid} is nowhere`);
      return;
    }
    message.isPromised = true;
    const sent = textOf(content);
    const added = message.content.slice(0, -sent.length);
    if (message.content !== added + sent || !/^Received: (.|\r\n[ \t])*\r\n$/.test(added)) {
      const text = message.content.slice(0, 300);
      this.breaches.broke("only a trace field is added", [envid], text);
    }
  }

  /** A worker says that it has tried the unit just now. */
  attempted(by: Incarnation, uidText: string, durationMs: number): void {
    const uid = parseUid(uidText);
    const unit = uid === undefined ? undefined : this.ledger.units.get(uid)?.unit;
    if (unit === undefined) return;
    this.copies.attempted(unit, durationMs);
    this.holds.attempted(by, unit, durationMs);
  }

  paused(writer: Incarnation): void {
    this.standing.paused(writer);
    this.copies.paused(writer);
  }
}

function describe({ uid, recipients }: Message["units"][number]): string {
  return `${uid} (${recipients.map(({ path }) => path).join(" ")})`;
}
