import { expect, test } from "bun:test";
import type { Shard } from "#lib/queue/unit";
import { LogWentBack } from "#lib/stream/stream";
import { config, DeliveryBench } from "../../../test/support/delivery/delivery-bench.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { Worker } from "../worker.ts";

test("a floor of a log that was made anew does not come beside the name of the one before", async () => {
  const bench = new DeliveryBench({ config: { ...config, shards: 1 } });
  const log = bench.log.stream();
  let standing = { id: "before", first: 1 };
  let asked = standing;
  const stream = {
    ...log,
    origin: async () => {
      asked = standing;
      return asked;
    },
    confirm: async (of: Shard, floor: number) => {
      if (asked !== standing) throw new LogWentBack({ shard: of, end: floor, floor });
    },
  };
  const zero = shard(0);
  const worker = new Worker(incarnation("worker/1"), { ...bench.ports, stream }, () => {});
  const started = worker.start();
  await bench.clock.advance(0);
  await started;
  await bench.accept();
  await bench.clock.advance(6_000);
  const before = { checkpoint: { floor: 1, log: "before" } };
  expect(await bench.leases.read(zero)).toMatchObject(before);
  standing = { id: "after", first: 2 };
  await bench.accept();
  await bench.clock.advance(4_000);
  expect(bench.mx.recipients.length).toBe(2);
  expect(await bench.leases.read(zero)).toMatchObject(before);
  // Taken over again, from where its own numbers begin.
  await bench.clock.advance(10_000);
  expect(await bench.leases.read(zero)).toMatchObject({ checkpoint: { floor: 2, log: "after" } });
  expect(bench.events.filter(({ event }) => event === "shard_claim_failed")).toEqual([]);
});
