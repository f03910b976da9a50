import { expect, test } from "bun:test";
import type { Destination, Message, QueueId } from "#lib/queue/unit";
import { uidOf } from "#lib/queue/unit";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { MemoryLog } from "./memory.ts";
import { MemorySplitFeed, type Splitting } from "./memory-split.ts";

const id = "01HF7YAYNABK58M0P28SYBZYFK" as QueueId;
const message: Message = {
  id,
  units: [0, 1, 2].map((n) =>
    unitOf({ uid: uidOf(id, n), destination: `dest${n}.example` as Destination }),
  ),
  content: new Uint8Array(10),
  isRepeatable: false,
};

class Bench {
  readonly clock = new VirtualClock();
  readonly log = new MemoryLog({ clock: this.clock, shards: 1, split: "byWorkers" });

  feed(splitting: Splitting = this.log.splitting()): MemorySplitFeed {
    const feed = new MemorySplitFeed({ splitting, clock: this.clock, log: silentLog });
    feed.start();
    return feed;
  }

  end(): Promise<number> {
    return this.log.stream().end(shardOfTests);
  }
}

test("a message of several units is in its shards when a worker has split it", async () => {
  const bench = new Bench();
  await bench.log.intake().accept(message);
  expect(await bench.end()).toBe(0);
  const feed = bench.feed();
  await bench.clock.advance(0);
  expect(await bench.end()).toBe(3);
  await bench.log.stream().purge(shardOfTests, 3);
  expect(bench.log.bytes).toBe(0);
  await feed.stop();
});

test("what one worker left half split another finishes, and no unit is there twice", async () => {
  const bench = new Bench();
  const splitting = bench.log.splitting();
  const dies = { ...splitting, acknowledge: () => Promise.withResolvers<void>().promise };
  bench.feed(dies);
  await bench.log.intake().accept(message);
  await bench.clock.advance(0);
  const feed = bench.feed();
  await bench.clock.advance(61_000);
  expect(await bench.end()).toBe(3);
  await bench.log.stream().purge(shardOfTests, 3);
  expect(bench.log.bytes).toBe(0);
  await feed.stop();
});

test("a unit that cannot be published is published later", async () => {
  const bench = new Bench();
  const splitting = bench.log.splitting();
  let failures = 2;
  const publish: Splitting["publish"] = async (of, index) => {
    if (index === 1 && failures-- > 0) throw new Error("no answer");
    return await splitting.publish(of, index);
  };
  const feed = bench.feed({ ...splitting, publish });
  await bench.log.intake().accept(message);
  await bench.clock.advance(100_000);
  expect(await bench.end()).toBe(3);
  await feed.stop();
});
