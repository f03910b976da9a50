import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import type { DeliveryLimits } from "../config.ts";
import { fromLog, type QueuedUnit } from "./queued-unit.ts";
import { Room } from "./room.ts";
import { WorkingSet } from "./working-set.ts";

const mebibyte = 1024 * 1024;

function roomFor(shards: number, bytesMax = 64 * mebibyte): Room {
  const room = new Room(bytesMax, shards);
  for (let n = 0; n < shards; n++) room.join();
  return room;
}

test("full for all together, but never for who has next to nothing", () => {
  const room = roomFor(2, 10 * mebibyte);
  room.changed(0, 8 * mebibyte);
  expect(room.isFor(8 * mebibyte)).toBe(true);
  room.changed(8 * mebibyte, 9 * mebibyte);
  expect([room.isFor(9 * mebibyte), room.isFor(mebibyte), room.isFor(100)]).toEqual([
    false,
    false,
    true,
  ]);
});

test("who waits is told once, when there is room again", () => {
  const room = roomFor(1, 4 * mebibyte);
  room.changed(0, 5 * mebibyte);
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  room.whenFreed(wake);
  room.whenFreed(wake);
  room.changed(5 * mebibyte, 4 * mebibyte);
  expect(woken).toBe(0);
  room.changed(4 * mebibyte, 2 * mebibyte);
  room.changed(2 * mebibyte, 0);
  expect([woken, room.bytes]).toEqual([1, 0]);
});

test("what each has for itself is part of the whole, however many they are", () => {
  const room = roomFor(256);
  const shards = Array.from({ length: 256 }, () => ({ bytes: 0 }));
  const step = mebibyte / 16;
  for (let isTaken = true; isTaken; ) {
    isTaken = false;
    for (const shard of shards) {
      if (!room.isFor(shard.bytes)) continue;
      room.changed(shard.bytes, shard.bytes + step);
      shard.bytes += step;
      isTaken = true;
    }
  }
  expect(room.bytes).toBe(64 * mebibyte);
});

test("who leaves takes his part along", () => {
  const room = new Room(64 * mebibyte, 16);
  const leave = room.join();
  room.join();
  expect(room.left(0)).toBe(63 * mebibyte);
  leave();
  expect(room.left(0)).toBe(64 * mebibyte);
});

test("shards that read at once have room for what they bring, and some that are full for little", () => {
  const room = roomFor(16);
  expect(room.readBytes(0) * 16 * 3).toBeLessThanOrEqual(64 * mebibyte);
  expect(room.readBytes(0)).toBeGreaterThan(mebibyte);
  room.changed(0, 60 * mebibyte);
  expect(room.readBytes(60 * mebibyte)).toBe(mebibyte / 16);
});

function unit(n: number, bytes: number): QueuedUnit {
  const content = new Uint8Array(bytes);
  return fromLog(unitOf({ uid: nthUid(n) }), { sequence: n, content, since: 0 });
}

function twoShards(limits: Partial<DeliveryLimits>) {
  const ports = workingPorts(new VirtualClock(), limits);
  return { room: ports.room, full: new WorkingSet(ports), other: new WorkingSet(ports) };
}

test("a shard that was given up waits for room no more", () => {
  const { room, full, other } = twoShards({ workerBytesMax: 3 * mebibyte });
  const first = unit(1, 2 * mebibyte);
  const second = unit(2, 2 * mebibyte);
  full.add(first);
  other.add(second);
  void full.room();
  expect(room.waiting).toBe(1);
  full.close();
  other.remove(second);
  expect(room.waiting).toBe(0);
});

test("a shard that is full by itself is woken by its own removals, and not asked at others'", async () => {
  const { room, full, other } = twoShards({ shardUnitsMax: 1 });
  const first = unit(1, 1);
  const second = unit(2, 1);
  full.add(first);
  let isWoken = false;
  const woken = full.room().then(() => {
    isWoken = true;
  });
  other.add(second);
  expect(room.waiting).toBe(0);
  other.remove(second);
  await Promise.resolve();
  expect(isWoken).toBe(false);
  full.remove(first);
  await woken;
  expect(isWoken).toBe(true);
});

test("a shard that others keep from going on is woken when they have made room", async () => {
  const { full, other } = twoShards({ workerBytesMax: 5 * mebibyte });
  const second = unit(2, 2 * mebibyte);
  full.add(unit(1, 2 * mebibyte));
  other.add(second);
  const woken = full.room();
  other.remove(second);
  await woken;
  expect(full.hasRoom).toBe(true);
});
