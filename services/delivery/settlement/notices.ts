/** Hands the notifications that a plan asks for to the queue, a few messages at a time. */
import type { Action } from "#lib/dsn/wanted";
import { IntakeFull } from "#lib/stream/intake";
import { Turns } from "#lib/turns";
import type { DeliveryMetrics } from "../metrics.ts";
import type { QueuedUnit } from "../shard/queued-unit.ts";
import type { Notice, Notifier } from "./notifier.ts";
import type { PersistentWrites } from "./persistent-writes.ts";
import type { NotifiedRecipient } from "./plan.ts";

/** Originals in memory at once: a destination's whole backlog may come to its end in one second. */
const originalsMax = 10;

export type Notifications = ReadonlyMap<Action, readonly NotifiedRecipient[]>;

export interface Told {
  readonly recipients: readonly NotifiedRecipient[] | undefined;
  /**
   * Tells apart what may be told twice of one unit, the number of its attempt: the id of the
   * notification follows from it.
   */
  readonly occasion: number;
}

export interface NoticesPorts {
  readonly notifier: Notifier;
  readonly metrics: DeliveryMetrics;
  readonly writes: PersistentWrites;
  readonly content: (queued: QueuedUnit) => Promise<Uint8Array | undefined>;
}

export class Notices {
  readonly #ports: NoticesPorts;
  readonly #turns = new Turns(originalsMax);

  constructor(ports: NoticesPorts) {
    this.#ports = ports;
  }

  /** Resolves when they are durable. */
  async send(queued: QueuedUnit, notices: Notifications, occasion: number): Promise<void> {
    for (const [action, recipients] of notices) {
      const notice = { action, unit: queued.unit, recipients, attempt: occasion };
      await this.#turns.run(1, () => this.#send(queued, notice, "wait"));
    }
  }

  /**
   * The same for one action; false when the queue is full. Who waited for room would keep his own unit
   * in the log that is full.
   */
  async offer(queued: QueuedUnit, action: Action, told: Told): Promise<boolean> {
    const { recipients, occasion } = told;
    if (recipients === undefined || recipients.length === 0) return true;
    const notice = { action, unit: queued.unit, recipients, attempt: occasion };
    return await this.#turns.run(1, () => this.#send(queued, notice, "giveUp"));
  }

  async #send(queued: QueuedUnit, notice: Notice, whenFull: "wait" | "giveUp"): Promise<boolean> {
    const { notifier, metrics, writes, content } = this.#ports;
    const original = await writes.persist("notify", () => content(queued));
    const isSent = await writes.persist("notify", async () => {
      try {
        await notifier.send(notice, original ?? new Uint8Array());
        return true;
      } catch (error) {
        if (whenFull === "giveUp" && error instanceof IntakeFull) return false;
        throw error;
      }
    });
    if (isSent) metrics.notification(notice.action);
    return isSent;
  }
}
