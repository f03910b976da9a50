import { expect, test } from "bun:test";
import { type Clock, systemClock } from "#lib/clock";
import { keyKeptMs } from "#lib/idempotency/claim";
import { IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import { MemoryIdempotencyKeys } from "#lib/idempotency/memory";
import { failureOf } from "../../support/failure.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { type TemporaryQueue, temporaryQueue } from "../embedded.ts";
import { idempotencyKeysSuite, type KeysWorld } from "./idempotency-keys.ts";

const minuteMs = 60_000;

idempotencyKeysSuite("memory", async () => {
  const clock = new ManualClock();
  const knownMs = 10 * minuteMs;
  const keys = new MemoryIdempotencyKeys({ clock, knownMs });
  return {
    ...{ keys, other: keys.view({ clock, knownMs }), knownMs },
    pass: async (ms) => clock.advance(ms),
    step: (ms) => clock.step(ms),
    close: async () => {},
  };
});

idempotencyKeysSuite("embedded", async () => {
  const wall = new ManualClock();
  // Under load the queue's thread waits for company, which is a real timer's.
  const clock: Clock = { ...systemClock, now: () => wall.now() };
  return embeddedWorld(await temporaryQueue({ clock }), wall);
});

function embeddedWorld({ queue, reopen, close }: TemporaryQueue, wall: ManualClock): KeysWorld {
  const { idempotencyKeys: keys } = queue;
  return {
    ...{ keys, other: keys, knownMs: keyKeptMs },
    pass: async (ms) => wall.advance(ms),
    step: (ms) => wall.step(ms),
    reopen: async () => embeddedWorld(await reopen(), wall),
    close,
  };
}

test("memory: what is full takes no new key, and what has had its day makes room", async () => {
  const clock = new ManualClock();
  const keys = new MemoryIdempotencyKeys({ clock, keysMax: 2 });
  const begin = (key: string) => keys.begin("acme", key, new Uint8Array(32), key);
  await begin("a");
  clock.advance(minuteMs);
  await begin("b");
  const refused = await failureOf(begin("c"));
  expect(refused).toBeInstanceOf(IdempotencyUnavailable);
  expect((await begin("b")).kind).toBe("running");
  clock.advance(keyKeptMs - minuteMs);
  expect((await begin("c")).kind).toBe("new");
  expect(await failureOf(begin("d"))).toBeInstanceOf(IdempotencyUnavailable);
});
