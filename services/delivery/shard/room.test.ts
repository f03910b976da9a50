import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import type { DeliveryLimits } from "../config.ts";
import { fromLog, type QueuedUnit } from "./queued-unit.ts";
import { Room } from "./room.ts";
import { WorkingSet } from "./working-set.ts";

const mebibyte = 1024 * 1024;

test("full for all together, but never for who has next to nothing", () => {
  const room = new Room(10 * mebibyte);
  room.changed(9 * mebibyte);
  expect(room.isFor(9 * mebibyte)).toBe(true);
  room.changed(mebibyte);
  expect([room.isFor(9 * mebibyte), room.isFor(mebibyte), room.isFor(100)]).toEqual([
    false,
    false,
    true,
  ]);
});

test("who waits is told once, when there is room again", () => {
  const room = new Room(2 * mebibyte);
  room.changed(4 * mebibyte);
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  room.whenFreed(wake);
  room.whenFreed(wake);
  room.changed(-mebibyte);
  expect(woken).toBe(0);
  room.changed(-2 * mebibyte);
  room.changed(-mebibyte);
  expect([woken, room.bytes]).toEqual([1, 0]);
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
  const { full, other } = twoShards({ workerBytesMax: 3 * mebibyte });
  const second = unit(2, 2 * mebibyte);
  full.add(unit(1, 2 * mebibyte));
  other.add(second);
  const woken = full.room();
  other.remove(second);
  await woken;
  expect(full.hasRoom).toBe(true);
});
