import { expect, test } from "bun:test";
import { DeliveryBench, named } from "../../test/support/delivery/delivery-bench.ts";
import { incarnation, shard } from "../../test/support/records.ts";
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

test("a worker that has lost its shards goes on while the store is away, with the holds it knew", async () => {
  let isAway = false;
  const before = async () => {
    if (isAway) throw new Error("away");
  };
  const bench = new DeliveryBench({ storeFaults: { before, after: async () => {} } });
  const { clock, log, store } = bench;
  const held = named("other.example");
  await store.putHold({ destination: held, reason: "quiet", since: 1 });
  const delivery = new Delivery("a", bench.ports);
  const started = delivery.start();
  await clock.advance(0);
  await started;
  isAway = true;
  const lost = delivery.worker;
  const [member] = await bench.leases.members();
  await log.journal().seal(incarnation(member?.incarnation ?? ""));
  await bench.acceptMany(1);
  // The seal is seen at the first record; what was sent then is sent again, for it was not recorded.
  await clock.advance(40_000);
  expect(delivery.worker).not.toBe(lost);
  expect(delivery.worker?.owners.length).toBe(1);
  const taken = bench.mx.taken.length;
  await bench.acceptMany(3);
  await bench.acceptMany(2, "other.example");
  await clock.advance(10_000);
  // Behind the suspect that the store must be asked about; but not what is held.
  expect(bench.mx.taken.length).toBe(taken + 3);
  expect(delivery.worker?.known.holds).toMatchObject([{ destination: held }]);
});
