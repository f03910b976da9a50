/** All that went under a limit, in order: the slow and obvious way to count (ADR 0012). */
import type { Rate } from "#lib/limits/rate";

export class SentLog {
  readonly #sent: { readonly at: number; readonly cost: number }[] = [];

  get total(): number {
    return this.#sent.reduce((sum, { cost }) => sum + cost, 0);
  }

  get times(): readonly number[] {
    return this.#sent.map(({ at }) => at);
  }

  add(at: number, cost: number): void {
    this.#sent.push({ at, cost });
  }

  /** It did not go after all. */
  remove(at: number, cost: number): void {
    const index = this.#sent.findIndex((each) => each.at === at && each.cost === cost);
    if (index === -1) throw new Error("it went");
    this.#sent.splice(index, 1);
  }

  /** For how long what may go at `now` might have gone already, if no window is to have too much. */
  spareMs(rate: Rate, cost: number, now: number): number {
    let sum = cost;
    let least = rate.burst - cost;
    for (const { at, cost: each } of [...this.#sent].reverse()) {
      sum += each;
      least = Math.min(least, allowed(rate, now - at) - sum);
    }
    return (least * rate.periodMs) / rate.amount;
  }

  /** By how much time the worst of all windows is too short; what costs more than the burst goes as one. */
  excessMs(rate: Rate, costMax: number): number {
    let worst = Number.NEGATIVE_INFINITY;
    const atOnce = { ...rate, burst: Math.max(rate.burst, costMax) };
    for (const [from, first] of this.#sent.entries()) {
      let sum = 0;
      for (let to = from; to < this.#sent.length; to++) {
        const { at, cost } = this.#sent[to] ?? first;
        sum += cost;
        worst = Math.max(worst, sum - allowed(atOnce, at - first.at));
      }
    }
    return (worst * rate.periodMs) / rate.amount;
  }
}

function allowed({ amount, periodMs, burst }: Rate, windowMs: number): number {
  return (amount / periodMs) * windowMs + burst;
}
