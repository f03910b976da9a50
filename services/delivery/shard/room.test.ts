import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import { fromLog } from "./queued-unit.ts";
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

test("a shard that was given up waits for room no more", async () => {
  const limits = { shardUnitsMax: 1 };
  const ports = workingPorts(new VirtualClock(), limits);
  const [full, other] = [new WorkingSet(ports), new WorkingSet(ports)];
  const units = [1, 2].map((n) =>
    fromLog(unitOf({ uid: nthUid(n) }), { sequence: n, content: undefined, since: 0 }),
  );
  const [first, second] = units;
  if (first === undefined || second === undefined) throw new Error("there are two");
  full.add(first);
  void full.room();
  expect(ports.room.waiting).toBe(1);
  full.close();
  other.add(second);
  other.remove(second);
  expect(ports.room.waiting).toBe(0);
});
