import { expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { keyKeptMs } from "#lib/idempotency/claim";
import { IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import { openDatabase } from "../database.ts";
import { KeyTable } from "./key-table.ts";
import { Room } from "./room.ts";

const now = 1_795_000_000_000;
const fingerprint = new Uint8Array(32);

function table({ bytesMax = 1_500, roomBytesMax = Number.POSITIVE_INFINITY } = {}) {
  const path = ":memory:";
  const database = openDatabase({ path, shards: 4 });
  const limits = { bytesMax: roomBytesMax, freeBytesMin: 0 };
  const room = new Room(database, { path, ...limits, clock: systemClock });
  const keys = new KeyTable(database, { room, bytesMax });
  const begin = (n: number, at = now) => {
    const claimant = { fingerprint, uid: `u${n}` };
    return keys.begin({ name: new Uint8Array(32).fill(n), now: at, claimant }).kind;
  };
  const sum = () => database.query("SELECT bytes FROM idempotency_sum").get();
  return { keys, begin, sum };
}

test("new keys are refused when those that are there have their room; these go on", () => {
  const { keys, begin, sum } = table();
  const content = new Uint8Array(600);
  const name = new Uint8Array(32).fill(1);
  expect([begin(1), begin(2), begin(2)]).toEqual(["new", "new", "running"]);
  keys.finish({ name, now: now + 1, content });
  expect(() => begin(3)).toThrow(IdempotencyUnavailable);
  expect([begin(1), begin(2)]).toEqual(["finished", "running"]);
  expect(keys.sweep(now + keyKeptMs)).toBe(false);
  expect(begin(3, now + keyKeptMs)).toBe("new");
  keys.sweep(now + 2 * keyKeptMs);
  expect(sum()).toEqual({ bytes: 0 });
  expect(begin(1, now + 2 * keyKeptMs)).toBe("new");
});

test("new keys are refused when the disk has no room for more mail", () => {
  const { begin } = table({ roomBytesMax: 1 });
  expect(() => begin(1)).toThrow("the disk is full");
});

test("what has had its day goes a little at a time", () => {
  const { keys, begin } = table({ bytesMax: 10_000_000 });
  for (let n = 0; n < 2_500; n++) {
    const name = new Uint8Array(32);
    new DataView(name.buffer).setUint32(0, n);
    keys.begin({ name, now, claimant: { fingerprint, uid: "u" } });
  }
  expect(keys.sweep(now + keyKeptMs - 1)).toBe(false);
  expect(begin(255, now + keyKeptMs - 1)).toBe("new");
  expect(keys.sweep(now + keyKeptMs)).toBe(true);
  expect(keys.sweep(now + keyKeptMs)).toBe(false);
  expect(begin(255, now + keyKeptMs)).toBe("running");
});
