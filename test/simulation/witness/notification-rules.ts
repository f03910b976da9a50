/** Who may be told what of a message, and who was (RFC 3461, RFC 5321 §6.1). */
import type { Clock } from "#lib/clock";
import type { Message, QueueId, Recipient } from "#lib/queue/unit";
import type { Breaches } from "./breaches.ts";
import type { Ledger, MessageState, RecipientState, UnitState } from "./ledger.ts";
import { type Told, toldOf } from "./told.ts";

export interface NotificationRulesPorts {
  readonly ledger: Ledger;
  readonly breaches: Breaches;
  readonly clock: Clock;
}

export class NotificationRules {
  readonly #ledger: Ledger;
  readonly #breaches: Breaches;
  readonly #clock: Clock;
  readonly #said = new Set<string>();
  readonly #refused = new Set<QueueId>();

  constructor({ ledger, breaches, clock }: NotificationRulesPorts) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#breaches = breaches;
  }

  /** A notification is in the log. */
  stored(message: Message, by: string): void {
    const told = toldOf(message.content);
    const original = this.#ledger.named(told.envid);
    if (original === undefined) {
      const text = `${message.id} is about ${told.envid || "nothing"}`;
      this.#breaches.broke("a notification is about a message", [message.id], text);
      return;
    }
    for (const { path, action } of told.recipients) this.#told(original, { path, action });
    if (!this.#refused.has(message.id)) this.#toldOnce(original, told, by);
  }

  /** Its worker postpones it: should an earlier call of it arrive yet, it may be told again. */
  refused(id: QueueId): void {
    this.#refused.add(id);
  }

  /**
   * A call whose answer was lost is repeated as it was. For the next owner it may be another attempt that
   * fails, and at the end of the lifetime it is another occasion.
   */
  #toldOnce({ id, units }: MessageState, told: Told, by: string): void {
    const failed = told.recipients.filter(({ action }) => action === "failed");
    const paths = failed.map(({ path }) => path).sort();
    const isOver = units.some(({ unit }) => unit.expiresAt <= this.#clock.now());
    if (failed.length === 0 || isOver) return;
    const words = `${id} ${paths.join(" ")} by ${by}`;
    if (this.#said.has(words)) this.#breaches.broke("nobody is told twice", [id], words);
    this.#said.add(words);
  }

  /** Whoever must be told that this recipient failed was told; or nobody must. */
  isToldOfFailure({ unit, message }: UnitState, { path }: RecipientState): boolean {
    const recipient = unit.recipients.find((r) => r.path === path);
    if (unit.isNotification || unit.envelope.reversePath === "") return true;
    if (recipient !== undefined && !mayBeTold(recipient, "failed")) return true;
    return message.notified.get(path)?.has("failed") ?? false;
  }

  #told(original: MessageState, { path, action }: { path: string; action: string }): void {
    const unit = original.units.find(({ recipients }) => recipients.has(path))?.unit;
    const recipient = unit?.recipients.find((r) => r.path === path);
    if (unit === undefined || recipient === undefined) return;
    const text = `${path} ${action}`;
    if (unit.envelope.reversePath === "") {
      this.#breaches.broke("no notification for a null reverse-path", [unit.uid], text);
    }
    if (!mayBeTold(recipient, action)) this.#breaches.broke("NOTIFY is obeyed", [unit.uid], text);
    const actions = original.notified.get(path) ?? new Set<string>();
    original.notified.set(path, actions.add(action));
  }
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
