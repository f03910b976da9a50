import { LocalBus } from "#lib/leases/local-bus";
import { MemoryBus } from "#lib/leases/memory-bus";
import { ManualClock } from "../support/manual-clock.ts";
import { busSuite } from "./bus.ts";

/** Answers that are there arrive first: only then does time pass. */
async function passTime(clock: ManualClock, ms: number): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
  clock.advance(ms);
}

for (const [name, Bus] of [
  ["memory", MemoryBus],
  ["in process", LocalBus],
] as const) {
  busSuite(name, async () => {
    const clock = new ManualClock();
    return {
      bus: new Bus({ clock }),
      pass: (ms) => passTime(clock, ms),
      close: async () => {},
    };
  });
}
