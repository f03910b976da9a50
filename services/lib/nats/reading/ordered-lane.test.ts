import { beforeEach, describe, expect, test } from "bun:test";
import { Waiters } from "#lib/stream/waiters";
import { ScriptedConsumers } from "../../../../test/support/nats/scripted-consumers.ts";
import { OrderedLane } from "./ordered-lane.ts";

let server: ScriptedConsumers;
let lane: OrderedLane;

async function open(after: number | Date = 10): Promise<void> {
  server = new ScriptedConsumers();
  lane = new OrderedLane(server.ports(), {
    ...{ stream: "S", filter: "s.>", after, arrived: new Waiters() },
  });
  await server.settle();
}

function taken(): number[] {
  const sequences: number[] = [];
  for (let next = lane.shift(); next !== undefined; next = lane.shift()) {
    sequences.push(next.sequence);
  }
  return sequences;
}

const pull = (consumer: number, n = 0) => server.pulls(consumer)[n];

describe("OrderedLane", () => {
  beforeEach(() => open());

  test("reads behind its place, by pulls of bounded size", () => {
    expect(server.made[0]).toMatchObject({ opt_start_seq: 11, filter_subject: "s.>" });
    expect(JSON.parse(String(pull(0)?.data))).toMatchObject({ batch: 256 });
    server.give(pull(0), { sequence: 11, delivery: 1 });
    server.give(pull(0), { sequence: 13, delivery: 2 });
    expect(taken()).toEqual([11, 13]);
    expect(lane.sequence).toBe(13);
  });

  test("a gap in what is delivered is read again, from behind the last that came", async () => {
    server.give(pull(0), { sequence: 11, delivery: 1 });
    server.give(pull(0), { sequence: 15, delivery: 3 });
    await server.settle();
    expect(server.made[1]).toMatchObject({ opt_start_seq: 12 });
    // The old one's are nobody's now.
    server.give(pull(0), { sequence: 16, delivery: 4 });
    server.give(pull(1), { sequence: 12, delivery: 1 });
    expect(taken()).toEqual([11, 12]);
    expect(server.removed).toEqual([server.made[0]?.name ?? "no name"]);
  });

  test("a consumer that comes back at its beginning is not believed", async () => {
    server.give(pull(0), { sequence: 11, delivery: 1 });
    server.give(pull(0), { sequence: 11, delivery: 1 });
    await server.settle();
    server.give(pull(1), { sequence: 11, delivery: 1 });
    server.give(pull(1), { sequence: 12, delivery: 2 });
    expect(taken()).toEqual([11, 12]);
  });

  test("silence while a pull is open means that the consumer is gone", async () => {
    await server.advance(4_000);
    server.tell(pull(0), 100);
    await server.advance(4_000);
    expect(server.made).toHaveLength(1);
    await server.advance(2_000);
    expect(server.made).toHaveLength(2);
    expect(lane.restarts).toBe(1);
  });

  test.each([
    ["its time is over", 408],
    ["nothing is there", 404],
  ])("a pull that ends because %s is followed by another", async (_, code) => {
    server.tell(pull(0), code);
    expect(server.pulls(0)).toHaveLength(2);
    await server.settle();
    expect(server.made).toHaveLength(1);
  });

  test.each([503, 409, 400])(
    "one that ends with %d at once is followed by a consumer",
    async (code) => {
      server.tell(pull(0), code);
      await server.settle();
      expect(server.made).toHaveLength(2);
    },
  );

  test("what is said late about an earlier pull is not taken for the next one", async () => {
    server.give(pull(0), { sequence: 11, delivery: 1 });
    server.tell(pull(0), 409);
    expect(server.pulls(0)).toHaveLength(2);
    server.tell(pull(0), 409);
    await server.settle();
    expect(server.made).toHaveLength(1);
  });

  test("without room nothing is pulled, and with room again it is", () => {
    for (let n = 1; n <= 256; n++) server.give(pull(0), { sequence: 10 + n, delivery: n });
    expect(server.pulls(0)).toHaveLength(1);
    for (let n = 0; n < 127; n++) lane.shift();
    expect(server.pulls(0)).toHaveLength(1);
    lane.shift();
    expect(JSON.parse(String(pull(0, 1)?.data))).toMatchObject({ batch: 128 });
  });

  test("it waits for the connection, and for a stream without a leader", async () => {
    server.refusal = new Error("no leader");
    server.wire.turn(false);
    await server.settle();
    server.wire.turn(true);
    await server.advance(3_000);
    expect([server.made.length, server.warned.includes("lane_waits")]).toEqual([1, true]);
    server.refusal = undefined;
    await server.advance(3_000);
    expect(server.made).toHaveLength(2);
    server.give(pull(1), { sequence: 11, delivery: 1 });
    expect(taken()).toEqual([11]);
  });

  test("from a time on, and after a loss from behind what came", async () => {
    await open(new Date(1_795_000_000_000));
    expect(server.made[0]).toMatchObject({ opt_start_time: "2026-11-18T11:06:40.000Z" });
    server.give(pull(0), { sequence: 70, delivery: 1 });
    lane.restart("test");
    await server.settle();
    expect(server.made[1]).toMatchObject({ opt_start_seq: 71 });
  });

  test("a closed lane leaves nothing behind", async () => {
    lane.close();
    lane.close();
    await server.settle();
    expect(server.removed).toHaveLength(1);
    server.give(pull(0), { sequence: 11, delivery: 1 });
    expect(taken()).toEqual([]);
    server.clock.advance(10_000);
    expect(server.clock.timers).toBe(0);
  });
});
