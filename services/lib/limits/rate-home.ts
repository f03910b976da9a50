/**
 * Where a rate of several workers is shared out (ADR 0013). Rate, burst and tokens of all holders
 * and the home together are never more than the limit has: none is made by a transfer.
 */
import { type HandedHolder, type Holder, handedOver, takenOver } from "./holder.ts";
import { burstPart, fairPart, nextInTurn, type Party, sumOf } from "./part.ts";
import type { Rate } from "./rate.ts";
import { type RateAnswer, type RateAsk, shareCountedMs } from "./share.ts";

/** What is wanted is wanted within this time. */
const wantedWithinMs = 1_000;

/** Sums of fractions leave dust, which is not worth to be given. */
const usefulPart = 1e-6;

/** What an orderly hand-over takes along. */
export interface RateBook {
  readonly silentForMs: number;
  readonly tokens: number;
  readonly holders: readonly HandedHolder[];
}

export class RateHome {
  readonly #silentUntil: number;
  readonly #holders = new Map<string, Holder>();
  /** What might go at once of what nobody has, when last reckoned. */
  #tokens = 0;
  #reckonedAt: number;

  /** `ownedSince`: from when on no other home has answered. */
  constructor(ownedSince: number) {
    this.#silentUntil = ownedSince + shareCountedMs;
    this.#reckonedAt = this.#silentUntil;
  }

  /** The book of a home that answers no more. */
  static restored({ silentForMs, tokens, holders }: RateBook, now: number): RateHome {
    const home = new RateHome(now + silentForMs - shareCountedMs);
    home.#tokens = tokens;
    for (const handed of holders) home.#holders.set(handed.name, takenOver(handed, now));
    return home;
  }

  /** To be taken when it answers no more. */
  book(rate: Rate, now: number): RateBook {
    this.#reckon(rate, now);
    const holders = [...this.#holders.values()].map((holder) => handedOver(holder, now));
    return { silentForMs: Math.max(0, this.#silentUntil - now), tokens: this.#tokens, holders };
  }

  /** `rate` is the limit as it is now: when it falls, holders follow within the validity of a share. */
  answer(ask: RateAsk, rate: Rate, now: number): RateAnswer {
    const { number } = ask;
    this.#reckon(rate, now);
    const before = this.#holders.get(ask.holder);
    if (before !== undefined && number <= before.number) return nothing(number);
    this.#takeBack(ask, rate);
    const forMs = this.#silentUntil - now;
    const share = forMs > 0 ? nothing(number) : this.#share(ask, rate, { before, now });
    this.#note(ask, share, { before, now });
    return forMs > 0 ? { kind: "silent", number, forMs } : share;
  }

  /**
   * Whom to tell that it is worth a question: it will be given something. A word that is lost
   * costs some time only.
   */
  nextInTurn(rate: Rate, now: number): string | undefined {
    this.#reckon(rate, now);
    const isRateFree = this.#freePerMs(rate) > usefulPart * (rate.amount / rate.periodMs);
    if (now < this.#silentUntil || !isRateFree) return undefined;
    return nextInTurn(rate.burst, [...this.#holders.values()])?.name;
  }

  /** It is as a new one would be that has no silence before it. */
  isForgettable(rate: Rate, now: number): boolean {
    this.#reckon(rate, now);
    return this.#holders.size === 0 && this.#tokens >= rate.burst;
  }

  /** From one lapse to the next: what lapsed is free from then on. */
  #reckon(rate: Rate, now: number): void {
    for (;;) {
      const lapsed = this.#firstLapsed(now);
      const until = lapsed?.lapsesAt ?? now;
      const spanMs = Math.max(0, until - this.#reckonedAt);
      this.#reckonedAt += spanMs;
      this.#fill(this.#freePerMs(rate) * spanMs, rate);
      if (lapsed === undefined) return;
      this.#holders.delete(lapsed.name);
    }
  }

  #firstLapsed(now: number): Holder | undefined {
    let first: Holder | undefined;
    for (const holder of this.#holders.values()) {
      if (
        holder.lapsesAt <= now &&
        holder.lapsesAt < (first?.lapsesAt ?? Number.POSITIVE_INFINITY)
      ) {
        first = holder;
      }
    }
    return first;
  }

  #takeBack({ holder, unspent }: RateAsk, rate: Rate): void {
    const { claim = 0 } = this.#holders.get(holder) ?? {};
    this.#holders.delete(holder);
    this.#fill(Math.max(0, Math.min(unspent, claim)), rate);
  }

  #fill(tokens: number, rate: Rate): void {
    const free = rate.burst - sumOf(this.#holders.values(), ({ claim }) => claim);
    this.#tokens = Math.max(0, Math.min(free, this.#tokens + tokens));
  }

  #freePerMs({ amount, periodMs }: Rate): number {
    const used = sumOf(this.#holders.values(), ({ perMs }) => perMs);
    return Math.max(0, amount / periodMs - used);
  }

  #share(ask: RateAsk, rate: Rate, { before, now }: Since): Share {
    const others = [...this.#holders.values()];
    const party = partyOf(ask, { before, now });
    const wants = haveTurn(others, rate.burst / party.quantum - 1);
    const fair = fairPart(rate.amount / rate.periodMs, ask.wanted / wantedWithinMs, wants);
    const perMs = Math.min(fair, this.#freePerMs(rate));
    // Others have more than their part, and give it back with their next questions.
    if (perMs <= usefulPart * fair) return nothing(ask.number);
    const burst = burstPart(rate.burst, party, others);
    if (burst === 0) return nothing(ask.number);
    const tokens = Math.min(burst, this.#tokens);
    this.#tokens -= tokens;
    return { kind: "share", number: ask.number, perMs, burst, tokens };
  }

  #note(ask: RateAsk, { perMs, burst }: Share, { before, now }: Since): void {
    if (ask.wanted <= 0) return;
    const party = partyOf(ask, { before, now });
    const waitingSince = burst > 0 ? Number.POSITIVE_INFINITY : party.waitingSince;
    const { holder: name, number } = ask;
    const lapsesAt = now + shareCountedMs;
    const claim = burst;
    this.#holders.set(name, { ...party, name, number, claim, waitingSince, perMs, lapsesAt });
  }
}

type Share = Extract<RateAnswer, { kind: "share" }>;

interface Since {
  readonly before: Holder | undefined;
  readonly now: number;
}

function partyOf({ wanted, largest }: RateAsk, { before, now }: Since): Party {
  const quantum = Math.max(1, largest);
  const want = wanted > 0 ? Math.max(wanted, quantum) : 0;
  return { claim: 0, want, quantum, waitingSince: Math.min(before?.waitingSince ?? now, now) };
}

/**
 * What those want, per time, who have a share or can have one beside; for the others it is not
 * their turn.
 */
function haveTurn(others: readonly Party[], places: number): readonly number[] {
  const holding = others.filter(({ claim }) => claim > 0);
  const waiting = others.filter(({ claim, want }) => claim === 0 && want > 0);
  waiting.sort((a, b) => a.waitingSince - b.waitingSince);
  const turn = [...holding, ...waiting].slice(0, Math.max(holding.length, Math.floor(places)));
  return turn.map(({ want }) => want / wantedWithinMs);
}

function nothing(number: number): Share {
  return { kind: "share", number, perMs: 0, burst: 0, tokens: 0 };
}
