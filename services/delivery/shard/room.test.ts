import { expect, test } from "bun:test";
import { Room } from "./room.ts";

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
