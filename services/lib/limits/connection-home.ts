/** Where the connections of several workers are shared out (ADR 0013). */
import { type HandedHolder, type Holder, handedOver, takenOver } from "./holder.ts";
import { nextInTurn, type Party, sumOf, wholePart } from "./part.ts";
import type { RollCall } from "./roll-call.ts";
import { type ConnectionAnswer, type ConnectionAsk, shareCountedMs } from "./share.ts";

/** What an orderly hand-over takes along, beside the roll call. */
export interface ConnectionBook {
  readonly silentForMs: number;
  readonly holders: readonly HandedHolder[];
}

export class ConnectionHome {
  readonly #silentUntil: number;
  readonly #rollCall: RollCall;
  readonly #holders = new Map<string, Holder>();

  /** `ownedSince`: from when on no other home has answered. */
  constructor(ownedSince: number, rollCall: RollCall) {
    this.#rollCall = rollCall;
    this.#silentUntil = ownedSince + shareCountedMs;
  }

  /** The book of a home that answers no more; `rollCall`: of those whom that had not heard either. */
  static restored(book: ConnectionBook, rollCall: RollCall, now: number): ConnectionHome {
    const home = new ConnectionHome(now + book.silentForMs - shareCountedMs, rollCall);
    for (const handed of book.holders) home.#holders.set(handed.name, takenOver(handed, now));
    return home;
  }

  /** To be taken when it answers no more. */
  book(now: number): ConnectionBook {
    const holders = [...this.#holders.values()].map((holder) => handedOver(holder, now));
    return { silentForMs: Math.max(0, this.#silentUntil - now), holders };
  }

  /** `total` is the limit as it is now. */
  answer(ask: ConnectionAsk, total: number, now: number): ConnectionAnswer {
    const { number } = ask;
    const before = this.#holders.get(ask.holder);
    if (before !== undefined && number <= before.number) return { kind: "share", number, max: 0 };
    this.#holders.delete(ask.holder);
    const forMs = this.#silentUntil - now;
    const waitedSince = Math.min(before?.waitingSince ?? now, now);
    const own: Party = { claim: 0, want: ask.wanted, quantum: 1, waitingSince: waitedSince };
    const part = forMs > 0 ? 0 : wholePart(total, own, this.#parties(now));
    const max = this.#rollCall.isOver ? part : Math.min(part, ask.open);
    const claim = Math.max(max, ask.open);
    const waitingSince = max > 0 || ask.wanted <= 0 ? Number.POSITIVE_INFINITY : waitedSince;
    if (claim > 0 || ask.wanted > 0) {
      const { holder: name } = ask;
      const lapsesAt = now + shareCountedMs;
      this.#holders.set(name, {
        ...own,
        name,
        number,
        perMs: 0,
        claim,
        waitingSince,
        lapsesAt,
      });
    }
    return forMs > 0 ? { kind: "silent", number, forMs } : { kind: "share", number, max };
  }

  /**
   * Whom to tell that it is worth a question: it will be given something. A word that is lost
   * costs some time only.
   */
  nextInTurn(total: number, now: number): string | undefined {
    if (now < this.#silentUntil || !this.#rollCall.isOver) return undefined;
    const parties = this.#parties(now);
    return (nextInTurn(total, parties) ?? shortest(total, parties))?.name;
  }

  /** Those who have some beside this one. */
  othersThan(holder: string): readonly string[] {
    const others = [...this.#holders.values()].filter(({ name, claim }) => {
      return name !== holder && claim > 0;
    });
    return others.map(({ name }) => name);
  }

  /** Those whose connections are counted though their shares have lapsed: they may be gone. */
  overdue(now: number): readonly string[] {
    const overdue = [...this.#holders.values()].filter(({ claim, lapsesAt }) => {
      return claim > 0 && lapsesAt <= now;
    });
    return overdue.map(({ name }) => name);
  }

  /** What it had lapsed before then, and it has asked nothing since: it has none open. */
  silentSince(holder: string, at: number): void {
    const lapsesAt = this.#holders.get(holder)?.lapsesAt ?? Number.POSITIVE_INFINITY;
    if (lapsesAt <= at) this.#holders.delete(holder);
  }

  /** A worker is dead, or has left: its connections are closed. */
  gone(holder: string): void {
    this.#holders.delete(holder);
  }

  /** Nobody has any, nor wants any. */
  isForgettable(now: number): boolean {
    return this.#parties(now).length === 0;
  }

  #parties(now: number): readonly Holder[] {
    const parties: Holder[] = [];
    for (const [name, holder] of this.#holders) {
      if (holder.lapsesAt > now) parties.push(holder);
      else if (holder.claim === 0) this.#holders.delete(name);
      // What it may have open stays counted until it says otherwise or is gone.
      else parties.push({ ...holder, want: 0, waitingSince: Number.POSITIVE_INFINITY });
    }
    return parties;
  }
}

/** Who lacks most of what it wants, if it would be given some of it now. */
function shortest(total: number, parties: readonly Holder[]): Holder | undefined {
  if (sumOf(parties, ({ claim }) => claim) >= total) return undefined;
  let found: Holder | undefined;
  for (const party of parties) if (lackOf(party) > lackOf(found)) found = party;
  if (found === undefined) return undefined;
  const others = parties.filter((each) => each !== found);
  return wholePart(total, { ...found, claim: 0 }, others) > found.claim ? found : undefined;
}

function lackOf(party: Holder | undefined): number {
  return party === undefined ? 0 : party.want - party.claim;
}
