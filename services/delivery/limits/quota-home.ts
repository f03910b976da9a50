/**
 * The books of the limits that have their home at a shard that this worker owns (ADR 0013). It
 * answers in memory, without a wait in between: a question is taken as a whole or not at all.
 */
import { ConnectionHome } from "#lib/limits/connection-home";
import { ForgetfulMap } from "#lib/limits/forgetful-map";
import type { Rate } from "#lib/limits/rate";
import { RateHome } from "#lib/limits/rate-home";
import { RollCall } from "#lib/limits/roll-call";
import { shareCountedMs } from "#lib/limits/share";
import type { HandedConnections, HandedHome, HandedRate } from "#proto/limits/handed-limits";
import type { QuotaAnswer, QuotaAsk, QuotaQuestion } from "#proto/limits/quota";
import { ToldLimit } from "./told-limit.ts";

interface RateEntry {
  readonly home: RateHome;
  readonly perMs: ToldLimit;
  readonly burst: ToldLimit;
}

interface ConnectionEntry {
  readonly home: ConnectionHome;
  readonly max: ToldLimit;
}

/** When the roll was called, and when it was answered. */
interface Rolled {
  readonly askedAt: number;
  readonly now: number;
}

export interface Answered {
  readonly answers: readonly QuotaAnswer[];
  /** Holders for which it is worth a question, and under which keys. */
  readonly turns: ReadonlyMap<string, readonly string[]>;
  /** Holders that have connections of which others want more than is left, and under which keys. */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
}

/** Keys of a home with something under way; a question under one more is not taken. */
export const homeKeysMax = 100_000;
/** As if it had been the home for ever. */
const longAgoMs = 366 * 86_400_000;

export class QuotaHome {
  readonly rollCall: RollCall;
  readonly #ownedSince: number;
  readonly #rates = new ForgetfulMap<RateEntry>((entry, now) =>
    entry.home.isForgettable(rateOf(entry), now),
  );
  readonly #connections = new ForgetfulMap<ConnectionEntry>(({ home }, now) =>
    home.isForgettable(now),
  );

  /** Of a shard that nobody has ever owned. */
  static first(now: number): QuotaHome {
    return new QuotaHome(now - longAgoMs, new RollCall([]));
  }

  /** What its former owner knew is lost: it is silent, and opens nothing before the roll is called. */
  static afterCrash(now: number): QuotaHome {
    return new QuotaHome(now, new RollCall());
  }

  /** The books of a home that answers no more. The way counts as no time. */
  static restored({ ownedForMs, unheard, rates, connections }: HandedHome, now: number): QuotaHome {
    const home = new QuotaHome(now - ownedForMs, new RollCall(unheard));
    const silentForMs = Math.max(0, shareCountedMs - ownedForMs);
    for (const { key, perMs, burst, ...book } of rates) {
      home.#rates.set(
        key,
        {
          home: RateHome.restored({ silentForMs, ...book }, now),
          perMs: new ToldLimit(perMs, now),
          burst: new ToldLimit(burst, now),
        },
        now,
      );
    }
    for (const { key, max, holders } of connections) {
      const restored = ConnectionHome.restored({ silentForMs, holders }, home.rollCall, now);
      home.#connections.set(key, { home: restored, max: new ToldLimit(max, now) }, now);
    }
    return home;
  }

  private constructor(ownedSince: number, rollCall: RollCall) {
    this.#ownedSince = ownedSince;
    this.rollCall = rollCall;
  }

  /** Keys that are held in memory. */
  get size(): number {
    return this.#rates.size + this.#connections.size;
  }

  silentForMs(now: number): number {
    return Math.max(0, this.#ownedSince + shareCountedMs - now);
  }

  answer({ holder, asks }: QuotaQuestion, now: number): Answered {
    const turns = new Map<string, string[]>();
    const wanted = new Map<string, string[]>();
    const answers = asks.map((ask) => {
      const { answer, next, wantedOf = [] } = this.#answer(holder, ask, now);
      if (next !== undefined) note(turns, next, ask.key);
      for (const other of wantedOf) note(wanted, other, ask.key);
      return answer;
    });
    return { answers, turns, wanted };
  }

  /**
   * A worker has said what it has open; what it would be given it asks for once more. Where its share
   * had lapsed when it was asked, and it says nothing, it has nothing: the word of it was lost.
   */
  rolled(holder: string, asks: readonly QuotaAsk[], { askedAt, now }: Rolled): void {
    for (const ask of asks) this.#answer(holder, ask, now);
    for (const [, { home }] of this.#connections.entries()) home.silentSince(holder, askedAt);
    this.rollCall.answered(holder);
  }

  /** A worker is dead, or has left. */
  gone(holder: string): void {
    for (const [, { home }] of this.#connections.entries()) home.gone(holder);
    this.rollCall.answered(holder);
  }

  /** Holders whose connections are counted though nothing was heard of them. */
  overdue(now: number): ReadonlySet<string> {
    const overdue = new Set<string>();
    for (const [, { home }] of this.#connections.entries()) {
      for (const name of home.overdue(now)) overdue.add(name);
    }
    return overdue;
  }

  /** To be taken when it answers no more. */
  book(now: number): HandedHome {
    const rates: HandedRate[] = [];
    for (const [key, entry] of this.#rates.entries()) {
      const { amount: perMs, burst } = rateOf(entry);
      if (entry.home.isForgettable(rateOf(entry), now)) continue;
      const { tokens, holders } = entry.home.book(rateOf(entry), now);
      rates.push({ key, perMs, burst, tokens, holders });
    }
    const connections: HandedConnections[] = [];
    for (const [key, { home, max }] of this.#connections.entries()) {
      if (home.isForgettable(now)) continue;
      connections.push({ key, max: max.value, holders: home.book(now).holders });
    }
    const unheard = this.rollCall.isKnown ? this.rollCall.unheard : undefined;
    return { ownedForMs: now - this.#ownedSince, unheard, rates, connections };
  }

  #answer(holder: string, asked: QuotaAsk, now: number): Taken {
    if (asked.kind === "rate") return this.#answerRate(holder, asked, now);
    const entry = this.#connections.get(asked.key) ?? this.#newConnections(asked, now);
    if (entry === undefined) return notTaken;
    const max = entry.max.heard(asked.max, now);
    const answer = entry.home.answer({ holder, ...asked.ask }, max, now);
    // Behind the answer: what nobody asks of yet would be forgotten at once.
    this.#connections.set(asked.key, entry, now);
    const isSatisfied = answer.kind === "share" && answer.max >= asked.ask.wanted;
    const wantedOf = isSatisfied ? [] : entry.home.othersThan(holder);
    return { answer, next: entry.home.nextInTurn(max, now), wantedOf };
  }

  #answerRate(holder: string, asked: Asked<"rate">, now: number): Taken {
    const entry = this.#rates.get(asked.key) ?? this.#newRate(asked, now);
    if (entry === undefined) return notTaken;
    entry.perMs.heard(asked.perMs, now);
    entry.burst.heard(asked.burst, now);
    const rate = rateOf(entry);
    const answer = entry.home.answer({ holder, ...asked.ask }, rate, now);
    this.#rates.set(asked.key, entry, now);
    return { answer, next: entry.home.nextInTurn(rate, now) };
  }

  #newRate({ perMs, burst }: Asked<"rate">, now: number): RateEntry | undefined {
    if (this.size >= homeKeysMax) return undefined;
    return {
      home: new RateHome(this.#ownedSince),
      perMs: new ToldLimit(perMs, now),
      burst: new ToldLimit(burst, now),
    };
  }

  #newConnections({ max }: Asked<"connections">, now: number): ConnectionEntry | undefined {
    if (this.size >= homeKeysMax) return undefined;
    const home = new ConnectionHome(this.#ownedSince, this.rollCall);
    return { home, max: new ToldLimit(max, now) };
  }
}

type Asked<Kind extends QuotaAsk["kind"]> = Extract<QuotaAsk, { readonly kind: Kind }>;

interface Taken {
  readonly answer: QuotaAnswer;
  readonly next: string | undefined;
  readonly wantedOf?: readonly string[];
}

const notTaken: Taken = { answer: undefined, next: undefined };

function note(keysOf: Map<string, string[]>, holder: string, key: string): void {
  const keys = keysOf.get(holder);
  if (keys === undefined) keysOf.set(holder, [key]);
  else keys.push(key);
}

function rateOf({ perMs, burst }: RateEntry): Rate {
  return { amount: perMs.value, periodMs: 1, burst: burst.value };
}
