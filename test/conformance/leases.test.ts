import { MemoryLeases } from "#lib/leases/memory";
import { ManualClock } from "../support/manual-clock.ts";
import { type TemporaryQueue, temporaryQueue } from "./embedded.ts";
import { type LeasesWorld, leasesSuite } from "./leases.ts";

leasesSuite("memory", async () => {
  const clock = new ManualClock();
  return {
    leases: new MemoryLeases({ clock }),
    pass: async (ms) => clock.advance(ms),
    close: async () => {},
  };
});

leasesSuite("embedded", async () => {
  const clock = new ManualClock();
  return leasesWorld(await temporaryQueue({ clock }), clock);
});

function leasesWorld({ queue, reopen, close }: TemporaryQueue, clock: ManualClock): LeasesWorld {
  return {
    leases: queue.leases,
    pass: async (ms) => clock.advance(ms),
    close,
    reopen: async () => leasesWorld(await reopen(), clock),
  };
}
