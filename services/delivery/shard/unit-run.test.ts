import { expect, test } from "bun:test";
import { type QueueId, queueIdOf } from "#lib/queue/unit";
import {
  DeliveryBench,
  epoch,
  hour,
  minute,
} from "../../../test/support/delivery/delivery-bench.ts";
import { constantly, plainShaping } from "../../../test/support/delivery/plain-shaping.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { incarnation } from "../../../test/support/records.ts";
import { Worker } from "../worker.ts";

test("a unit whose content is found only at the second look is delivered, not parked", async () => {
  const bench = new DeliveryBench();
  const { clock, log, store, mx } = bench;
  const stream = log.stream();
  let looks = 0;
  const content = async (id: QueueId) => {
    looks += 1;
    return looks === 1 ? undefined : await stream.content(id);
  };
  const ports = { ...bench.ports, stream: { ...stream, content } };
  const worker = new Worker(incarnation("worker/1"), ports, () => {});
  void worker.start();
  await clock.advance(0);
  const unit = unitOf({ acceptedAt: epoch, expiresAt: epoch + hour });
  // Too large to stand in the log with its unit.
  const large = new Uint8Array(Buffer.from("Subject: large\r\n".repeat(80_000)));
  const message = { id: queueIdOf(unit.uid), units: [unit], content: large };
  await log.intake().accept({ ...message, isRepeatable: false });
  await clock.advance(minute);
  expect(looks).toBe(2);
  expect(mx.recipients).toHaveLength(1);
  expect(await store.parked(9)).toEqual([]);
});

test("of a shard that was lost nothing more is let go, and nothing waits for its limits", async () => {
  const bench = await new DeliveryBench({
    config: { shaping: constantly(plainShaping({ max: 1, first: 1 })) },
  }).start();
  bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "nothing" : undefined) };
  await bench.acceptMany(3);
  await bench.clock.advance(100);
  const { limits, owners } = bench.worker;
  const [owner] = owners;
  expect([bench.mx.sessions, limits.size.waitedFor]).toEqual([1, 0]);
  owner?.fence();
  if (owner !== undefined) limits.close(owner.shard);
  // The session ends, and its destination has more that is ready.
  await bench.clock.advance(hour);
  // When the shard is taken again somebody who never goes would stand before all that wait.
  expect(limits.size.waitedFor).toBe(0);
});

test("what breaks behind an attempt makes nobody get a message twice, and it is settled", async () => {
  const bench = await new DeliveryBench().start();
  const judge = () => {
    throw new Error("a rule that breaks");
  };
  Object.assign(bench.worker.measures, { judge });
  await bench.acceptMany(2);
  await bench.clock.advance(minute);
  expect(bench.mx.taken).toHaveLength(2);
  expect([bench.worker.owners[0]?.floor, bench.worker.owners[0]?.working.unitCount]).toEqual([
    2, 0,
  ]);
});

test("what cannot be settled is not sent again by this owner", async () => {
  const bench = await new DeliveryBench().start();
  const [owner] = bench.worker.owners;
  const attempted = () => {
    throw new Error("our own promise is broken");
  };
  if (owner !== undefined) Object.assign(owner.settlement, { attempted });
  await bench.acceptMany(1);
  await bench.clock.advance(minute);
  expect(bench.mx.taken).toHaveLength(1);
  expect(owner?.floor).toBe(0);
});
