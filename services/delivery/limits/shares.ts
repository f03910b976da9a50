/**
 * This worker as a holder of shares (ADR 0013 §3): it asks the homes of those limits that are in use
 * or waited for, and of no others; what it has no use for any more it gives back.
 */
import type { Clock } from "#lib/clock";
import type { BoundLimit } from "#lib/limits/acquire";
import { ShareTable } from "#lib/limits/share-table";
import { fnv1a32 } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { QuotaAnswer, QuotaAsk } from "#proto/limits/quota";
import { type Alarmed, Alarms } from "./alarms.ts";
import { type InUse, idleAfterMs, isWorthAsking, newInUse, wantedOf } from "./in-use.ts";
import type { Questions } from "./questions.ts";
import type { Waiting } from "./waiting-lines.ts";

export interface SharesPorts {
  readonly me: Incarnation;
  readonly clock: Clock;
  /** Of the queue. */
  readonly shards: readonly Shard[];
  readonly questions: Pick<Questions, "ask">;
  readonly waiting: (key: string) => Waiting;
  /** Something may be different under this key. */
  readonly changed: (key: string) => void;
  /** Connections under this key that are idle are to be closed, so many at most. */
  readonly closeIdle: (key: string, most: number) => void;
}

/** How often it is looked what is to be asked. */
const tickMs = 250;

export class Shares {
  readonly table: ShareTable;
  readonly #ports: SharesPorts;
  readonly #alarms: Alarms;
  readonly #inUse = new Map<string, InUse>();
  /** To be asked at once, all together. */
  readonly #urgent = new Set<string>();
  readonly #tick: Alarmed = { place: -1, dueAt: 0, due: () => this.#askWhatIsDue() };
  readonly #soon: Alarmed = { place: -1, dueAt: 0, due: () => this.#askWhatIsUrgent() };
  #isStopped = false;

  constructor(ports: SharesPorts) {
    this.#ports = ports;
    this.#alarms = new Alarms(ports.clock);
    this.table = new ShareTable(ports.me);
  }

  /** Keys about which homes are asked. */
  get size(): number {
    return this.#inUse.size;
  }

  /** Where a limit has its home. */
  homeOf(key: string): Shard {
    return homeOf(key, this.#ports.shards);
  }

  /** So much went. */
  spent(bound: BoundLimit, cost: number): void {
    const inUse = this.#used(bound, cost);
    inUse.spent += cost;
    inUse.peak = Math.max(inUse.peak, this.table.open(bound.key));
  }

  /** What is open counts here now, within a share or not. */
  counted(bound: BoundLimit): void {
    this.#used(bound, 1);
  }

  /** Connections under these keys were closed: others may be waiting for them elsewhere. */
  closed(keys: readonly string[]): void {
    for (const key of keys) {
      const isNews = this.table.toTell(key) > 0 || this.#inUse.get(key)?.isWantedElsewhere === true;
      if (isNews && this.#isDue(key)) this.#askSoon(key);
    }
  }

  /** So much did not go, so many times, for whatever reason: its share will be of use in a moment. */
  wished(bound: BoundLimit, cost: number, times = 1): void {
    const inUse = this.#used(bound, cost);
    inUse.wished = Math.max(inUse.wished, cost * times);
    if (this.#isWorthAsking(bound.key, inUse)) this.#askSoon(bound.key);
  }

  /** The home says that a question would be given something. */
  turn(keys: readonly string[]): void {
    for (const key of keys) {
      const inUse = this.#inUse.get(key);
      if (inUse === undefined) continue;
      inUse.isTold = true;
      if (this.#isWorthAsking(key, inUse)) this.#askSoon(key);
    }
  }

  /**
   * The home says that others want more connections than it has left. Where nobody waits for them
   * here, nor did a moment ago, what is idle is closed, and what is not open goes back.
   */
  giveUpIdle(keys: readonly string[]): void {
    const unusedSince = this.#ports.clock.monotonic() - idleAfterMs;
    for (const key of keys) {
      const inUse = this.#inUse.get(key);
      if (inUse === undefined || inUse.usedAt > unusedSince) continue;
      if (this.#ports.waiting(key).wanted > 0) continue;
      inUse.isWantedElsewhere = true;
      inUse.peak = 0;
      this.#ports.closeIdle(key, Number.POSITIVE_INFINITY);
      if (this.#isDue(key)) this.#askSoon(key);
    }
  }

  /** Questions about all under which connections of that home are open or may be opened: now they may not. */
  roll(home: Shard): readonly QuotaAsk[] {
    const now = this.#ports.clock.monotonic();
    const asks: QuotaAsk[] = [];
    for (const key of [...this.table.openable(now)]) {
      const inUse = this.#inUse.get(key);
      if (inUse === undefined || this.homeOf(key) !== home) continue;
      asks.push(this.#question(key, inUse));
    }
    return asks;
  }

  /** All that is not open goes back: others need not wait until it lapses. */
  giveBack(): void {
    const now = this.#ports.clock.monotonic();
    for (const [key, inUse] of this.#inUse) {
      Object.assign(inUse, { spent: 0, wished: 0, peak: this.table.open(key) });
    }
    this.#ask([...this.#inUse.keys()].filter((key) => this.table.standing(key, now) !== "none"));
  }

  stop(): void {
    this.#isStopped = true;
    this.#alarms.stop();
    this.#inUse.clear();
    this.#urgent.clear();
  }

  #used(bound: BoundLimit, cost: number): InUse {
    let inUse = this.#inUse.get(bound.key);
    if (inUse === undefined) {
      inUse = newInUse(bound);
      this.#inUse.set(bound.key, inUse);
      this.#tickAgain();
    }
    inUse.bound = bound;
    inUse.usedAt = this.#ports.clock.monotonic();
    inUse.largest = Math.max(inUse.largest, cost);
    return inUse;
  }

  #isWorthAsking(key: string, inUse: InUse): boolean {
    const now = this.#ports.clock.monotonic();
    const { table } = this;
    return isWorthAsking(inUse, {
      now,
      standing: table.standing(key, now),
      waiting: this.#ports.waiting(key),
      open: table.open(key),
      toTell: table.toTell(key),
      room: table.room(key),
    });
  }

  #askSoon(key: string): void {
    this.#urgent.add(key);
    if (!this.#isStopped) this.#alarms.set(this.#soon, this.#ports.clock.monotonic());
  }

  #tickAgain(): void {
    if (this.#isStopped || this.#tick.place !== -1) return;
    this.#alarms.set(this.#tick, this.#ports.clock.monotonic() + tickMs);
  }

  #askWhatIsUrgent(): void {
    const keys = [...this.#urgent];
    this.#urgent.clear();
    this.#ask(keys.filter((key) => this.#isDue(key)));
  }

  #isDue(key: string): boolean {
    const inUse = this.#inUse.get(key);
    return inUse !== undefined && this.#isWorthAsking(key, inUse);
  }

  #askWhatIsDue(): void {
    if (this.#inUse.size > 0) this.#tickAgain();
    this.#ask([...this.#inUse.keys()].filter((key) => this.#isDue(key)));
    this.#forgetIdle();
  }

  #forgetIdle(): void {
    const now = this.#ports.clock.monotonic();
    for (const [key, { wished, spent }] of this.#inUse) {
      const isUsed = wished > 0 || spent > 0 || this.table.open(key) > 0;
      if (isUsed || this.#ports.waiting(key).wanted > 0 || this.table.toTell(key) > 0) continue;
      if (this.table.standing(key, now) === "none") this.#inUse.delete(key);
    }
  }

  #ask(keys: readonly string[]): void {
    const byHome = new Map<Shard, QuotaAsk[]>();
    for (const key of keys) {
      const inUse = this.#inUse.get(key);
      if (inUse === undefined) continue;
      const home = this.homeOf(key);
      const asks = byHome.get(home) ?? [];
      asks.push(this.#question(key, inUse));
      byHome.set(home, asks);
    }
    for (const [home, asks] of byHome) {
      this.#ports.questions.ask(home, asks, (ask, answer) => this.#answered(ask, answer));
    }
  }

  /** From here on the share is not used: it is given back with the question. */
  #question(key: string, inUse: InUse): QuotaAsk {
    const { limit } = inUse.bound;
    const now = this.#ports.clock.monotonic();
    const open = this.table.open(key);
    const { wanted, largest } = wantedOf(inUse, { now, open, waiting: this.#ports.waiting(key) });
    Object.assign(inUse, { askedAt: now, askedFor: wanted, askedLargest: largest });
    Object.assign(inUse, { spent: 0, peak: open, largest: 0, wished: 0 });
    Object.assign(inUse, { isTold: false, isWantedElsewhere: false });
    if (limit.kind === "connections") {
      const { holder: _, ...ask } = this.table.askConnections(key, wanted, now);
      return { kind: "connections", key, ask, max: limit.max };
    }
    const { holder: _, ...ask } = this.table.askRate(key, { wanted, largest }, now);
    const { amount, periodMs, burst } = limit.rate;
    const unspent = Math.max(0, ask.unspent);
    return { kind: "rate", key, ask: { ...ask, unspent }, perMs: amount / periodMs, burst };
  }

  #answered(asked: QuotaAsk, answer: QuotaAnswer): void {
    if (answer === undefined || this.#isStopped) return;
    const now = this.#ports.clock.monotonic();
    if (asked.kind === "rate") {
      if (!("max" in answer)) this.table.rateAnswered(asked.key, answer, now);
    } else if ("max" in answer || answer.kind === "silent") {
      this.table.connectionsAnswered(asked.key, answer, now);
      const excess = -this.table.room(asked.key);
      if (excess > 0) this.#ports.closeIdle(asked.key, excess);
    }
    this.#ports.changed(asked.key);
    // It was told its turn meanwhile.
    const inUse = this.#inUse.get(asked.key);
    if (inUse?.isTold && this.#isWorthAsking(asked.key, inUse)) this.#askSoon(asked.key);
  }
}

/** The shard whose owner is the home of a limit. */
export function homeOf(key: string, shards: readonly Shard[]): Shard {
  const home = shards[fnv1a32(key) % shards.length];
  if (home === undefined) throw new RangeError("a queue has at least one shard");
  return home;
}
