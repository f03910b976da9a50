/**
 * Write times of one shard's rows, in microseconds. Cassandra keeps the cell with the higher one, so a
 * new owner whose clock is behind its predecessor's would write in vain. Each owner therefore begins
 * above all that its predecessor may have used, and records beforehand how far it goes itself.
 */
import type { Clock } from "#lib/clock";

const leaseMicros = 600_000_000;
const renewMicros = leaseMicros / 2;

export class Stamps {
  readonly #clock: Clock;
  #last: number;
  #high: number;

  /** `high`: what the last owner recorded. */
  constructor(clock: Clock, high: number) {
    this.#clock = clock;
    this.#last = Math.max(high, nowMicros(clock));
    this.#high = this.#last;
  }

  /** To be recorded, and then granted, before any stamp is used. */
  wanted(): number {
    return Math.max(this.#last, nowMicros(this.#clock)) + leaseMicros;
  }

  granted(high: number): void {
    this.#high = Math.max(this.#high, high);
  }

  get mustBeRenewed(): boolean {
    return Math.max(this.#last, nowMicros(this.#clock)) > this.#high - renewMicros;
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.min(nowMicros(this.#clock), this.#high));
    return this.#last;
  }
}

function nowMicros(clock: Clock): number {
  return Math.floor(clock.now() * 1_000);
}
