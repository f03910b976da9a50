import { expect, test } from "bun:test";
import { DeliveryBench } from "../../test/support/delivery/delivery-bench.ts";
import { shard } from "../../test/support/records.ts";
import { Delivery } from "./delivery.ts";

test("delivery is stopped in a moment while its start waits for the store, and claims nothing", async () => {
  let isAway = true;
  const before = async () => {
    if (isAway) throw new Error("away");
  };
  const bench = new DeliveryBench({ storeFaults: { before, after: async () => {} } });
  const { clock, leases } = bench;
  const delivery = new Delivery("a", bench.ports);
  const started = delivery.start();
  await clock.advance(10_000);
  let isStopped = false;
  const stopped = delivery.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(2_000);
  expect(isStopped).toBe(true);
  isAway = false;
  await clock.advance(60_000);
  await Promise.all([started, stopped]);
  expect(await leases.read(shard(0))).toBeUndefined();
  expect(await leases.members()).toEqual([]);
});
