import { beforeEach, describe, expect, test } from "bun:test";
import { MemorySummaries } from "#lib/leases/memory-summaries";
import { shardOf } from "#lib/queue/shard";
import { silentLog as log } from "#lib/telemetry/log";
import {
  config,
  DeliveryBench,
  minute,
  named,
} from "../../../test/support/delivery/delivery-bench.ts";
import { SummaryTeller } from "./summary-teller.ts";

const net = named("example.net");
const home = shardOf(net, config.shards);

let bench: DeliveryBench;

beforeEach(async () => {
  bench = await new DeliveryBench().start();
  bench.network.refuse("192.0.2.1");
  await bench.acceptMany(3);
  await bench.clock.advance(1_000);
});

describe("SummaryTeller", () => {
  test("tells each minute what the owned shards have, until it is stopped", async () => {
    const summaries = new MemorySummaries();
    const { clock } = bench;
    const teller = new SummaryTeller({ owners: () => bench.worker.owners, summaries, clock, log });
    teller.start();
    await clock.advance(minute);
    const told = (await summaries.last([home])).get(home);
    expect(told).toMatchObject({
      at: clock.now(),
      summary: { destinations: [{ destination: net, state: "down", backlog: 1, deferred: 2 }] },
    });
    await teller.stop();
    await clock.advance(5 * minute);
    expect((await summaries.last([home])).get(home)).toEqual(told);
  });

  test("tells the next time what it could not tell now", async () => {
    const { clock } = bench;
    let told = 0;
    const tell = async () => {
      told += 1;
      if (told === 1) throw new Error("away");
    };
    const owners = () => bench.worker.owners.slice(0, 1);
    const teller = new SummaryTeller({ owners, summaries: { tell }, clock, log });
    teller.start();
    await clock.advance(2 * minute);
    expect(told).toBe(2);
    await teller.stop();
  });
});
