/**
 * Sees every effect from outside, at the moment it happens, and holds it against the rules
 * (STYLE §9, "Safety").
 */
import type { Clock } from "#lib/clock";
import type { Message } from "#lib/queue/unit";
import type { MemoryStoreState } from "#lib/store/memory-state";
import type { Incarnation } from "#lib/stream/journal";
import { Breaches } from "./breaches.ts";
import { CopyRules } from "./copy-rules.ts";
import { EndRules } from "./end-rules.ts";
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
}

export class Witness {
  readonly ledger: Ledger;
  readonly breaches: Breaches;
  readonly copies: CopyRules;
  readonly ends: EndRules;
  readonly shards: ShardRules;
  readonly standing: Standing;
  readonly #notifications: NotificationRules;
  readonly #trail: Trail;

  constructor({ clock, shardCount, store, trail }: WitnessPorts) {
    const ledger = new Ledger(shardCount);
    const breaches = new Breaches(trail);
    const standing = new Standing(clock);
    const notifications = new NotificationRules(ledger, breaches);
    this.#trail = trail;
    this.#notifications = notifications;
    this.ledger = ledger;
    this.breaches = breaches;
    this.standing = standing;
    this.copies = new CopyRules({ clock, ledger, breaches, trail, store, standing });
    this.ends = new EndRules({ ledger, breaches, trail, store, notifications });
    this.shards = new ShardRules(ledger, breaches, trail);
  }

  /** `Intake` has stored it. */
  stored(message: Message): void {
    const state = this.ledger.stored(message);
    if (state === undefined) return;
    this.#trail.note(`stored ${message.id} ${message.units.map(describe).join(", ")}`);
    if (!message.units.some((unit) => unit.isNotification)) return;
    state.isPromised = true;
    this.#notifications.stored(message);
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

  paused(writer: Incarnation): void {
    this.standing.paused(writer);
    this.copies.paused(writer);
  }
}

function describe({ uid, recipients }: Message["units"][number]): string {
  return `${uid} (${recipients.map(({ path }) => path).join(" ")})`;
}
