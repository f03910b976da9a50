import { beforeEach, expect, test } from "bun:test";
import { makeQueueId } from "#lib/queue/queue-id";
import { systemRandom } from "#lib/random";
import { AdminWorker, listedUnit } from "../../../test/support/admin-worker.ts";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { destination, incarnation, shard, uid } from "../../../test/support/records.ts";

const now = 1_795_000_000_000;
const id = makeQueueId(now - 3_600_000, systemRandom);
const writer = incarnation("w/1");
const attempted = {
  at: now - 60_000,
  shard: shard(0),
  sequence: 1,
  uid: uid(`${id}.0`),
  destination: destination("example.com"),
  disposition: "deferred" as const,
  recipients: [
    {
      path: "b@example.com",
      outcome: "delivered" as const,
      code: 250,
      text: "2.0.0 ok\r\n\u001b[2J",
    },
    {
      path: "c@example.com",
      outcome: "transient" as const,
      code: 450,
      status: "4.2.1" as const,
      text: "4.2.1 full",
    },
  ],
  attempt: 1,
  remote: "mx1.example.com[192.0.2.1]",
  durationMs: 12.3,
};
const cancelled = {
  ...attempted,
  at: now,
  disposition: "cancelled" as const,
  recipients: [],
  attempt: 0,
};

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

test("trace has a row for each recipient of each attempt, and says what still waits", async () => {
  await bench.log.journal().append(writer, [attempted]);
  const nextAttemptAt = now + 300_000;
  new AdminWorker(bench.bus, {
    units: [listedUnit(`${id}.0`, { state: "deferred", nextAttemptAt })],
  });
  const { code, out } = await bench.run("trace", id.toLowerCase());
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    "TIME (UTC)           UNIT  EVENT      TRY  RECIPIENT        TOOK  HOST                        REPLY",
    "2026-11-18 10:06:40        accepted",
    "2026-11-18 11:05:40  .0    delivered  1    <b@example.com>  12ms  mx1.example.com[192.0.2.1]  250 2.0.0 ok [2J",
    "2026-11-18 11:05:40  .0    deferred   1    <c@example.com>  12ms  mx1.example.com[192.0.2.1]  450 4.2.1 full",
    `${id}.0 is in the queue: deferred, next attempt in 5m (godwit explain example.com)`,
    "",
  ]);
});

test("trace tells of what had no attempt", async () => {
  await bench.log.journal().append(writer, [cancelled]);
  const { out } = await bench.run("trace", `${id}.0`);
  expect(out).toContain("2026-11-18 11:06:40  .0    cancelled       example.com");
});

test("trace may answer in JSON", async () => {
  await bench.log.journal().append(writer, [attempted]);
  const { out } = await bench.run("trace", id, "--json");
  expect(JSON.parse(out)).toMatchObject({ events: [{ uid: `${id}.0`, attempt: 1 }], waiting: [] });
});

test("trace of what is not known fails", async () => {
  const err = `Nothing is known of ${id}: it was never here, or longer ago than the journal is kept\n`;
  expect(await bench.run("trace", id)).toEqual({ code: 1, out: "", err });
});

test("trace of a domain is asked wrongly", async () => {
  const { code, err } = await bench.run("trace", "example.com");
  expect([code, bench.requests]).toEqual([2, []]);
  expect(err).toStartWith('"example.com" is no queue id');
});
