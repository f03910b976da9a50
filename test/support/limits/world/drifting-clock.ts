/** The clock of one machine, which began at some time and runs a little faster or slower than the world's. */
import { type CancelTimer, type Clock, sleepOn } from "#lib/clock";

export interface Drift {
  readonly offsetMs: number;
  /** 1: as fast as the world's. */
  readonly speed: number;
  /** So late the next wake-up comes. */
  readonly lateMs: () => number;
}

export function driftingClock(world: Clock, { offsetMs, speed, lateMs }: Drift): Clock {
  const clock: Clock = {
    now: () => world.now(),
    monotonic: () => offsetMs + world.monotonic() * speed,
    after: (delayMs, task): CancelTimer => world.after(delayMs / speed + lateMs(), task),
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}
