/**
 * The suppression list as this process knows it (ADR 0016): loaded once, then told what was put since
 * by whomever, so that a recipient who is not on it costs no question to the store. Whoever is found
 * is looked up there, so that what was lifted binds nobody any more.
 *
 * unknown → loading → known → (too long without news) → loading …
 * While it loads for the first time, and when there is no room for all of it, the store is asked about
 * every unit.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Unit } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { PathText } from "#lib/smtp/path";
import { type SuppressionList, suppressionsInCallMax } from "#lib/store/suppression-list";
import {
  idsOf,
  type Suppression,
  type SuppressionId,
  type SuppressionTerm,
} from "#lib/suppression/suppression";
import { SuppressionFilter } from "#lib/suppression/suppression-filter";
import type { Log } from "#lib/telemetry/log";

export interface KnownSuppressionsPorts {
  readonly list: SuppressionList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Pause when the store is away. */
  readonly retryMs: number;
  /** For tests: how many entries there is room for. */
  readonly entriesMax?: number;
}

/** An entry that was put elsewhere binds here after this time at the latest. */
const newsMs = 5_000;

/** By place among the unit's recipients: in our words, why it is suppressed. */
export type Suppressed = ReadonlyMap<number, string>;

type Addressed = Pick<Unit, "recipients" | "tenant">;

/** Recipients by what would keep mail from them. */
interface Asked {
  readonly index: number;
  readonly id: SuppressionId;
}

export class KnownSuppressions {
  readonly #ports: KnownSuppressionsPorts;
  #filter: SuppressionFilter;
  /** Filled while a list is read that may be older than what is put meanwhile. */
  #loading: SuppressionFilter | undefined;
  /** From where news are asked; undefined: all must be read. */
  #position: string | undefined;
  #isKnown = false;
  /** Rises with everything that is put: what was looked up before may be outdated. */
  #puts = 0;
  #isStopped = false;
  /** On the monotonic clock: until then the store is not asked about hits. */
  #awayUntil = 0;
  /** Those who wait for the next reading. */
  readonly #looking: (() => void)[] = [];
  #cancelWait: CancelTimer = () => {};
  #wake: () => void = () => {};
  #isRunning = false;

  constructor(ports: KnownSuppressionsPorts) {
    this.#ports = ports;
    this.#filter = new SuppressionFilter(ports);
  }

  /** False: the store is asked about every unit. */
  get isKnown(): boolean {
    return this.#isKnown && !this.#filter.isFull;
  }

  get memoryBytes(): number {
    return this.#filter.size;
  }

  /** Loads and goes on looking for news until it is stopped. Starting twice is starting once. */
  start(): void {
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    void this.look();
  }

  /**
   * Somebody has put something: asks for news now. Resolves when it has, or could not; it is known
   * then, as far as the store can be read.
   */
  look(): Promise<void> {
    return new Promise((resolve) => {
      this.#looking.push(resolve);
      if (!this.#isRunning) this.#looked();
      this.#wake();
    });
  }

  #looked(): void {
    for (const resolve of this.#looking.splice(0)) resolve();
  }

  /**
   * Those of the unit's recipients to whom nothing is sent; undefined at once when there are none.
   * Rejects while nothing is known yet and the store cannot be asked; then nothing may be tried. Once
   * it is known, a store that is away changes nothing: what is in memory holds.
   */
  among(unit: Unit): Promise<Suppressed> | undefined {
    if (!this.isKnown) return this.#lookUp(askedOf(unit));
    return this.#confirmed(unit);
  }

  /** The same of one recipient, for who may take it all the same: what is not known yet is no. */
  has(path: PathText, tenant: string | undefined): Promise<boolean> | undefined {
    if (!this.#isKnown) return undefined;
    const recipients = [{ path }];
    const found = this.#confirmed({ recipients, ...(tenant === undefined ? {} : { tenant }) });
    return found?.then(({ size }) => size > 0);
  }

  /**
   * Puts what the rule has found, and tells it, but for what stands there already: that may last
   * longer.
   */
  async add(entries: readonly Suppression[]): Promise<readonly Suppression[]> {
    const { list } = this.#ports;
    const there = new Set((await list.find(entries)).map(textOf));
    const missing = entries.filter((entry) => !there.has(textOf(entry)));
    if (missing.length > 0) await list.put(missing);
    this.#know(entries);
    return missing;
  }

  #confirmed(unit: Addressed): Promise<Suppressed> | undefined {
    if (this.#filter.isEmpty) return undefined;
    const now = this.#ports.clock.now();
    const found = askedOf(unit).filter(({ id }) => this.#filter.has(id, now));
    return found.length === 0 ? undefined : this.#confirm(found);
  }

  async #confirm(found: readonly Asked[]): Promise<Suppressed> {
    const { clock, log } = this.#ports;
    const puts = this.#puts;
    // A store that is away takes its time to say so: nobody's session waits for it again and again.
    if (clock.monotonic() < this.#awayUntil) return unconfirmed(found);
    try {
      const confirmed = await this.#lookUp(found);
      // Put again since it was looked up: then it is not gone.
      if (puts === this.#puts) this.#forget(found, confirmed);
      return confirmed;
    } catch (error) {
      log.debug("suppression_unconfirmed", { error: String(error) });
      this.#awayUntil = clock.monotonic() + newsMs;
      return unconfirmed(found);
    }
  }

  /** What memory has and the store has not was lifted. */
  #forget(found: readonly Asked[], confirmed: Suppressed): void {
    for (const { index, id } of found) if (!confirmed.has(index)) this.#filter.remove(id);
  }

  async #lookUp(asked: readonly Asked[]): Promise<Suppressed> {
    const { list } = this.#ports;
    const entries = new Map<string, Suppression>();
    for (let at = 0; at < asked.length; at += suppressionsInCallMax) {
      const part = asked.slice(at, at + suppressionsInCallMax);
      for (const entry of await list.find(part.map(({ id }) => id))) {
        entries.set(textOf(entry), entry);
      }
    }
    const suppressed = new Map<number, string>();
    for (const { index, id } of asked) {
      const entry = entries.get(textOf(id));
      if (entry !== undefined && !suppressed.has(index)) suppressed.set(index, reasonOf(entry));
    }
    return suppressed;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isStopped) {
      // Whoever asks while it reads is told only by the next reading.
      const asked = this.#looking.splice(0);
      const isDone = await this.#refresh();
      for (const resolve of asked) resolve();
      await this.#wait(isDone ? newsMs : this.#ports.retryMs);
    }
    this.#isRunning = false;
    this.#looked();
  }

  /** Until it is wanted, or so long. */
  #wait(delayMs: number): Promise<void> {
    if (this.#looking.length > 0) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#cancelWait = this.#ports.clock.after(delayMs, resolve);
    }).then(() => this.#cancelWait());
  }

  async #refresh(): Promise<boolean> {
    const { log } = this.#ports;
    try {
      const isCurrent = this.#position !== undefined && (await this.#readNews(this.#position));
      if (!isCurrent) await this.#load();
      return true;
    } catch (error) {
      if (!this.#isStopped) log.warn("suppressions_unreadable", { error: String(error) });
      return false;
    }
  }

  /** False when they cannot be told any more. */
  async #readNews(since: string): Promise<boolean> {
    let position = since;
    let hasMore = true;
    while (hasMore && !this.#isStopped) {
      const news = await this.#ports.list.news(position);
      if (!news.isWhole) return false;
      this.#know(news.entries);
      position = news.next;
      hasMore = news.hasMore;
      this.#position = position;
    }
    return true;
  }

  /** Into a filter of its own, so that what was lifted is in it no more. */
  async #load(): Promise<void> {
    const { list, clock, log } = this.#ports;
    // News from before the first page: what is put while the pages are read is told afterwards.
    const { next: position } = await list.news();
    const loading = new SuppressionFilter(this.#ports);
    this.#loading = loading;
    let after: string | undefined;
    let count = 0;
    do {
      const from = after === undefined ? {} : { after };
      const page = await list.page({ ...from, limit: suppressionsInCallMax });
      for (const entry of page.entries) loading.add(entry, clock.now());
      count += page.entries.length;
      after = page.next;
    } while (after !== undefined && !this.#isStopped);
    if (this.#isStopped) return;
    this.#filter = loading;
    this.#loading = undefined;
    this.#position = position;
    this.#isKnown = true;
    log.info("suppressions_loaded", { entries: count, bytes: loading.size });
    if (loading.isFull) log.warn("suppressions_too_many", { entries: count });
  }

  #know(entries: readonly SuppressionTerm[]): void {
    if (entries.length === 0) return;
    const now = this.#ports.clock.now();
    this.#puts += 1;
    for (const entry of entries) {
      this.#filter.add(entry, now);
      this.#loading?.add(entry, now);
    }
  }
}

/** As memory has it. */
function unconfirmed(found: readonly Asked[]): Suppressed {
  return new Map(found.map(({ index }) => [index, "recipient is suppressed"]));
}

function askedOf({ recipients, tenant }: Addressed): readonly Asked[] {
  return recipients.flatMap(({ path }, index) => idsOf(path, tenant).map((id) => ({ index, id })));
}

function textOf({ key, tenant = "" }: SuppressionId): string {
  return `${tenant} ${key}`;
}

function reasonOf({ key, reason, at }: Suppression): string {
  const what = key.startsWith("@") ? "recipient's domain" : "recipient";
  return `${what} is suppressed (${reason}, ${new Date(at).toISOString().slice(0, 10)})`;
}
