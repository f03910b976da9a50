/** The clock of a process that is not given a core at once: each wake-up comes some milliseconds late. */
import { type CancelTimer, type Clock, sleepOn } from "#lib/clock";
import type { Random } from "#lib/random";

/** Late by 1 to `mostMs`; 0: in time. */
export function lateClock(world: Clock, random: Random, mostMs: number): Clock {
  if (mostMs === 0) return world;
  const clock: Clock = {
    now: () => world.now(),
    monotonic: () => world.monotonic(),
    after: (delayMs, task): CancelTimer =>
      world.after(delayMs + 1 + random.next() * (mostMs - 1), task),
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}
