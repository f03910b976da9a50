/**
 * Workers that share one rate and some connections through a home that moves, over messages that
 * come late, twice or never, each by a clock of its own (ADR 0013). Counted from outside.
 */
import { acquire, type Permit } from "#lib/limits/acquire";
import { ConnectionHome } from "#lib/limits/connection-home";
import {
  type ConnectionLimit,
  type CountedLimit,
  keyOf as keyFor,
  type RateLimit,
} from "#lib/limits/limit";
import type { Rate } from "#lib/limits/rate";
import { RateHome } from "#lib/limits/rate-home";
import { RollCall } from "#lib/limits/roll-call";
import { ShareTable } from "#lib/limits/share-table";
import type { Random } from "#lib/random";
import { SentLog } from "./sent-log.ts";

export interface ShareWorldOptions {
  readonly random: Random;
  readonly rate: Rate;
  readonly connections: number;
  readonly workers: number;
  /** Messages that each worker gets in a second. */
  readonly perSecond: readonly number[];
  readonly isFaulty: boolean;
}

const tickMs = 5;
const renewAfterMs = 2_500;
const askAgainAfterMs = 500;
/** Clocks run so much faster or slower at most. */
export const driftMax = 0.009;

interface Clock {
  readonly offset: number;
  readonly speed: number;
}

interface Session {
  readonly permit: Permit;
  transactionEndsAt: number;
}

interface Asking {
  askedAt: number;
  /** That its turn has come. */
  isTold: boolean;
}

interface Worker {
  readonly clock: Clock;
  table: ShareTable;
  name: string;
  waiting: number;
  sessions: Session[];
  asking: { readonly rate: Asking; readonly connections: Asking };
  pausedUntil: number;
}

interface Home {
  readonly clock: Clock;
  readonly rate: RateHome;
  readonly connections: ConnectionHome;
  readonly rollCall: RollCall;
}

export class ShareWorld {
  readonly sent = new SentLog();
  readonly sentBy = new Map<Worker, number>();
  openMax = 0;
  questions = 0;
  readonly #options: ShareWorldOptions;
  readonly #rateLimit: RateLimit;
  readonly #connectionLimit: ConnectionLimit;
  readonly #workers: readonly Worker[];
  #home: Home | undefined;
  #homeComes: { readonly at: number; readonly home: () => Home } | undefined;
  #mail: { readonly at: number; readonly arrive: () => void }[] = [];
  #incarnations = 0;
  #now = 0;

  constructor(options: ShareWorldOptions) {
    this.#options = options;
    const named = { name: "provider", scope: ["provider"], provenance: "drawn" } as const;
    this.#rateLimit = { ...named, kind: "messages", rate: options.rate };
    this.#connectionLimit = { ...named, kind: "connections", max: options.connections };
    this.#workers = Array.from({ length: options.workers }, () => this.#newWorker());
    this.#home = this.#newHome();
  }

  get sentByWorker(): readonly number[] {
    return this.#workers.map((worker) => this.sentBy.get(worker) ?? 0);
  }

  run(seconds: number): void {
    const until = this.#now + seconds * 1_000;
    while (this.#now < until) {
      this.#now += tickMs;
      if (this.#options.isFaulty) this.#harm();
      this.#letHomeCome();
      const due = this.#mail.filter(({ at }) => at <= this.#now);
      this.#mail = this.#mail.filter(({ at }) => at > this.#now);
      for (const { arrive } of due) arrive();
      for (const [n, worker] of this.#workers.entries()) this.#work(worker, n);
      const open = this.#workers.reduce((sum, { sessions }) => sum + sessions.length, 0);
      this.openMax = Math.max(this.openMax, open);
    }
  }

  #work(worker: Worker, n: number): void {
    worker.waiting += ((this.#options.perSecond[n] ?? 0) * tickMs) / 1_000;
    if (this.#now < worker.pausedUntil) return;
    this.#ask(worker);
    this.#send(worker);
    this.#serve(worker);
  }

  #send(worker: Worker): void {
    const bound = worker.table.bind([this.#rateLimit], { provider: "p" });
    while (worker.waiting >= 1) {
      if (acquire(bound, { messages: 1 }, this.#at(worker.clock)).kind === "refused") return;
      this.sent.add(this.#now, 1);
      this.sentBy.set(worker, (this.sentBy.get(worker) ?? 0) + 1);
      worker.waiting -= 1;
    }
  }

  /** Sessions with a transaction after the other, until there is nothing to send or one too many. */
  #serve(worker: Worker): void {
    const now = this.#at(worker.clock);
    worker.sessions = worker.sessions.filter((session) => {
      if (this.#now < session.transactionEndsAt) return true;
      session.transactionEndsAt = this.#now + 50 + this.#options.random.below(1_000);
      const isWanted = worker.waiting >= 1 && this.#options.random.next() < 0.9;
      if (isWanted && !session.permit.isExcess(now)) return true;
      session.permit.release(now);
      return false;
    });
    const bound = worker.table.bind([this.#connectionLimit], { provider: "p" });
    while (worker.sessions.length < worker.waiting) {
      const acquired = acquire(bound, { connections: 1 }, now);
      if (acquired.kind === "refused") return;
      const transactionEndsAt = this.#now + 50 + this.#options.random.below(1_000);
      worker.sessions.push({ permit: acquired.permit, transactionEndsAt });
    }
  }

  #ask(worker: Worker): void {
    const { table, clock, asking, waiting } = worker;
    const now = this.#at(clock);
    const wanted = Math.floor(waiting);
    const rateKey = keyOf(this.#rateLimit);
    if (this.#isTimeToAsk(asking.rate, table.standing(rateKey, now))) {
      const ask = table.askRate(rateKey, { wanted, largest: 1 }, now);
      this.#putTo((home) => {
        const { rate } = this.#options;
        const answer = home.rate.answer(ask, rate, this.#at(home.clock));
        this.#tell(home.rate.nextInTurn(rate, this.#at(home.clock)), "rate");
        return () => table.rateAnswered(rateKey, answer, this.#at(clock));
      });
    }
    const key = keyOf(this.#connectionLimit);
    if (this.#isTimeToAsk(asking.connections, table.standing(key, now))) {
      const ask = table.askConnections(key, wanted, now);
      this.#putTo((home) => {
        const { connections: max } = this.#options;
        const answer = home.connections.answer(ask, max, this.#at(home.clock));
        home.rollCall.answered(ask.holder);
        this.#tell(home.connections.nextInTurn(max, this.#at(home.clock)), "connections");
        return () => table.connectionsAnswered(key, answer, this.#at(clock));
      });
    }
  }

  #isTimeToAsk(asking: Asking, standing: "valid" | "asked" | "none"): boolean {
    const sinceMs = this.#now - asking.askedAt;
    const isTurn = asking.isTold && standing !== "asked";
    if (!isTurn && sinceMs < (standing === "valid" ? renewAfterMs : askAgainAfterMs)) return false;
    asking.isTold = false;
    asking.askedAt = this.#now;
    return true;
  }

  /** What is asked of one home never reaches another. */
  #putTo(question: (home: Home) => () => void): void {
    const home = this.#home;
    this.questions += 1;
    this.#post(() => {
      if (home !== undefined && home === this.#home) this.#post(question(home));
    });
  }

  #tell(name: string | undefined, what: "rate" | "connections"): void {
    const told = this.#workers.find((worker) => worker.name === name);
    if (told === undefined) return;
    this.#post(() => {
      told.asking[what].isTold = true;
    });
  }

  #post(arrive: () => void): void {
    const { random, isFaulty } = this.#options;
    const chance = isFaulty ? random.next() : 1;
    if (chance < 0.05) return;
    const delay = chance < 0.1 ? random.below(8_000) : random.below(10);
    this.#mail.push({ at: this.#now + delay, arrive });
    if (chance < 0.15) this.#mail.push({ at: this.#now + random.below(8_000), arrive });
  }

  #harm(): void {
    const { random } = this.#options;
    const chance = random.next();
    if (chance < 0.000_1) this.#loseHome(random.below(20_000));
    else if (chance < 0.000_2) this.handOverHome(random.below(1_000));
    else if (chance < 0.000_4) this.#pick().pausedUntil = this.#now + random.below(12_000);
    else if (chance < 0.000_6) this.#crash(this.#pick());
  }

  /** Its owner dies; the next has all its shares to wait for. */
  #loseHome(gapMs: number): void {
    this.#home = undefined;
    this.#homeComes = { at: this.#now + gapMs, home: () => this.#newHome() };
  }

  /** Its owner gives the shard away, and what it knows of the shares with it. */
  handOverHome(gapMs: number): void {
    const former = this.#home;
    if (former === undefined) return;
    const now = this.#at(former.clock);
    const books = JSON.stringify([
      former.rate.book(this.#options.rate, now),
      former.connections.book(now),
    ]);
    this.#home = undefined;
    this.#homeComes = {
      at: this.#now + gapMs,
      home: () => this.#restoredHome(books, former.rollCall.unheard),
    };
  }

  #letHomeCome(): void {
    if (this.#homeComes === undefined || this.#now < this.#homeComes.at) return;
    this.#home = this.#homeComes.home();
    this.#homeComes = undefined;
  }

  /** Its sessions end with it; the home hears of it some time later. */
  #crash(worker: Worker): void {
    const { name } = worker;
    worker.sessions = [];
    this.#mail.push({
      at: this.#now + this.#options.random.below(10_000),
      arrive: () => {
        this.#home?.connections.gone(name);
        this.#home?.rollCall.answered(name);
      },
    });
    Object.assign(worker, this.#incarnation());
  }

  #pick(): Worker {
    const worker = this.#workers[this.#options.random.below(this.#workers.length)];
    if (worker === undefined) throw new Error("there are workers");
    return worker;
  }

  #newWorker(): Worker {
    const clock = this.#newClock();
    return { ...this.#incarnation(), clock, waiting: 0, sessions: [], pausedUntil: 0 };
  }

  #incarnation() {
    this.#incarnations += 1;
    const name = `worker.${this.#incarnations}`;
    const asking = {
      rate: { askedAt: Number.NEGATIVE_INFINITY, isTold: false },
      connections: { askedAt: Number.NEGATIVE_INFINITY, isTold: false },
    };
    return { name, table: new ShareTable(name), asking };
  }

  #newHome(): Home {
    const clock = this.#newClock();
    const now = this.#at(clock);
    const rollCall = new RollCall(this.#workers.map(({ name }) => name));
    const connections = new ConnectionHome(now, rollCall);
    return { clock, rate: new RateHome(now), connections, rollCall };
  }

  #restoredHome(books: string, unheard: readonly string[]): Home {
    const [rateBook, connectionBook] = JSON.parse(books);
    const clock = this.#newClock();
    const now = this.#at(clock);
    const rollCall = new RollCall(unheard);
    const connections = ConnectionHome.restored(connectionBook, rollCall, now);
    return { clock, rate: RateHome.restored(rateBook, now), connections, rollCall };
  }

  #newClock(): Clock {
    const { random, isFaulty } = this.#options;
    const speed = isFaulty ? 1 + driftMax * (2 * random.next() - 1) : 1;
    return { offset: random.below(1_000_000), speed };
  }

  #at({ offset, speed }: Clock): number {
    return offset + this.#now * speed;
  }
}

function keyOf(limit: CountedLimit): string {
  const key = keyFor(limit, { provider: "p" });
  if (key === undefined) throw new Error("it applies");
  return key;
}
