import { MemoryLeases } from "#lib/leases/memory";
import { ManualClock } from "../support/manual-clock.ts";
import { leasesSuite } from "./leases.ts";

leasesSuite("memory", async () => {
  const clock = new ManualClock();
  return {
    leases: new MemoryLeases({ clock }),
    pass: async (ms) => clock.advance(ms),
    close: async () => {},
  };
});
