/** What goes wrong between one process and its seams, drawn from the world's chance. */
import type { Clock } from "#lib/clock";
import type { FaultPoint, Faults } from "#lib/faults";
import type { Random } from "#lib/random";
import { StoreUnavailable } from "#lib/store/store";
import { IntakeUnavailable } from "#lib/stream/intake";
import type { ProcessLife } from "./process-life.ts";

/** Shares of the calls of one seam. */
export interface FaultRates {
  /** Answered late. */
  readonly late: number;
  /** Not done, and said so. */
  readonly refused: number;
  /** Done, and the answer lost. */
  readonly lost: number;
  /** Said to have failed, and done later all the same: it was still on its way. */
  readonly straggles: number;
  /** Of the pulls of a log's reader: entries come again, or later than those behind them. */
  readonly again: number;
}

export const noRates: FaultRates = { late: 0, refused: 0, lost: 0, straggles: 0, again: 0 };

export type Seam = FaultPoint["seam"];

/** `calls`: nothing gets through. `answers`: it does, but nothing comes back. */
export type CutOff = "calls" | "answers";

/** How long a client of a seam waits for an answer. */
const answerTimeoutMs = 5_000;
/** A call that is on its way for longer will not arrive. The store says so itself (ADR 0006). */
const straggleMsMax = { store: 4_000, others: 40_000 } as const;

/** Both ends of a call count. */
export interface CallCount {
  readonly calls: number;
  /** Only calls of it count. */
  readonly operation?: string;
}

/** What a scenario wants to happen once: at the next call of an operation, and before or behind it. */
export interface PlannedFault {
  readonly operation: string;
  readonly moment: "before" | "after";
  /** The call fails. */
  readonly fails: boolean;
  readonly act?: () => void;
}

export interface DrawnFaultsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly life: ProcessLife;
  readonly rates: FaultRates;
  readonly lateMsMax: number;
}

export class DrawnFaults implements Faults {
  readonly #options: DrawnFaultsOptions;
  readonly #unreachable = new Map<Seam, CutOff>();
  #planned: PlannedFault[] = [];
  #isHealed = false;
  #callsLeft = Number.POSITIVE_INFINITY;
  #counted: string | undefined;
  #onLastCall: () => void = () => {};

  constructor(options: DrawnFaultsOptions) {
    this.#options = options;
  }

  /** No more faults; a dead process stays dead. */
  heal(): void {
    this.#isHealed = true;
    this.#unreachable.clear();
    this.#callsLeft = Number.POSITIVE_INFINITY;
  }

  /** Calls of the seam time out. */
  cutOff(seam: Seam, what: CutOff = "calls"): void {
    if (!this.#isHealed) this.#unreachable.set(seam, what);
  }

  reconnect(seam: Seam): void {
    this.#unreachable.delete(seam);
  }

  /** `then` is called in the middle of the so many-th call from now: before it or behind it. */
  afterCalls({ calls, operation }: CallCount, then: () => void): void {
    this.#counted = operation;
    this.#callsLeft = calls;
    this.#onLastCall = then;
  }

  once(fault: PlannedFault): void {
    this.#planned.push(fault);
  }

  async before(point: FaultPoint): Promise<void> {
    const { clock, life } = this.#options;
    this.#count(point);
    const isFailing = this.#happens(point, "before");
    if (life.isDead) return await never();
    // It may stand still just before it sends. Not to the store: that window is known (ADR 0006).
    if (life.isPaused && point.seam !== "store") await life.answer(Promise.resolve());
    if (this.#unreachable.get(point.seam) === "calls") {
      await clock.sleep(answerTimeoutMs);
      await this.#fail(point, "cannot be reached");
    }
    if (isFailing) await this.#fail(point, "is not available");
    if (this.#isStep(point)) return;
    if (this.#draws("late")) await clock.sleep(this.#lateMs());
    if (this.#draws("refused")) await this.#fail(point, "is not available");
  }

  async after(point: FaultPoint): Promise<void> {
    const { clock, life } = this.#options;
    this.#count(point);
    const isFailing = this.#happens(point, "after");
    if (life.isDead) return await never();
    if (this.#unreachable.has(point.seam)) {
      await clock.sleep(answerTimeoutMs);
      await this.#fail(point, "was cut off");
    }
    if (isFailing || this.#draws("lost")) await this.#fail(point, "gave no answer");
    if (!this.#isStep(point) && this.#draws("late")) await clock.sleep(this.#lateMs());
    await life.answer(Promise.resolve());
  }

  /** Whether entries that a reader gives now come in disorder. */
  isDisorderly(): boolean {
    return this.#draws("again");
  }

  below(n: number): number {
    return this.#options.random.below(n);
  }

  /** Calls `task` while the process runs. */
  whenRunning(task: () => void): void {
    this.#options.life.do(task);
  }

  /** `act` between its faults; or it is said to have failed, and `late` is done while nobody waits for it. */
  async effect<T>(
    point: FaultPoint,
    act: () => T | Promise<T>,
    late: () => unknown = act,
  ): Promise<T> {
    await this.before(point);
    if (this.straggles()) return await this.straggle(point, late);
    const result = await act();
    await this.after(point);
    return result;
  }

  /** The next call is said to have failed, and is on its way all the same. */
  straggles(): boolean {
    return this.#draws("straggles");
  }

  async straggle(point: FaultPoint, late: () => unknown): Promise<never> {
    const { clock } = this.#options;
    const { store, others } = straggleMsMax;
    const delayMs = this.below(point.seam === "store" ? store : others);
    // Nobody hears how it went.
    clock.after(delayMs, () => void Promise.try(late).catch(() => {}));
    return await this.#fail(point, "gives no answer yet");
  }

  #happens({ operation }: FaultPoint, moment: PlannedFault["moment"]): boolean {
    const at = this.#planned.findIndex((it) => it.operation === operation && it.moment === moment);
    const [fault] = at === -1 ? [] : this.#planned.splice(at, 1);
    fault?.act?.();
    return fault?.fails ?? false;
  }

  #count({ operation }: FaultPoint): void {
    if (this.#counted !== undefined && this.#counted !== operation) return;
    this.#callsLeft -= 1;
    if (this.#callsLeft === 0) this.#onLastCall();
  }

  #draws(kind: keyof FaultRates): boolean {
    const { random, rates } = this.#options;
    return !this.#isHealed && rates[kind] > 0 && random.next() < rates[kind];
  }

  #lateMs(): number {
    const { random, lateMsMax } = this.#options;
    return 1 + random.below(lateMsMax);
  }

  /** A part of a call: its faults are only that it fails between two of them. */
  #isStep({ operation }: FaultPoint): boolean {
    return operation.includes("/");
  }

  async #fail({ seam, operation }: FaultPoint, why: string): Promise<never> {
    const error = failure(seam, `Cannot ${operation}: ${seam} ${why}`);
    return await this.#options.life.answer(Promise.reject(error));
  }
}

function failure(seam: Seam, text: string): Error {
  if (seam === "store") return new StoreUnavailable(text);
  return seam === "intake" ? new IntakeUnavailable(text) : new Error(text);
}

function never(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}
