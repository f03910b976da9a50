import { expect, test } from "bun:test";
import { type QueueId, queueIdOf } from "#lib/queue/unit";
import {
  DeliveryBench,
  epoch,
  hour,
  minute,
} from "../../../test/support/delivery/delivery-bench.ts";
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
