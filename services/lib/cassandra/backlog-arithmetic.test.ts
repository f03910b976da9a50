import { describe, expect, test } from "bun:test";
import {
  BacklogArithmetic,
  type Place,
  parsePosition,
  positionOf,
  segmentRowsMax,
} from "./backlog-arithmetic.ts";

const own = 5n << 24n;
const empty = { segment: own, place: -1, depth: 0, bytes: 0, oldestAt: 0, goneAt: 0 };
const rows = (count: number) => Array.from({ length: count }, () => ({ sizeBytes: 10, goneAt: 9 }));

/** With segments in order. */
function world(head = empty) {
  const backlog = new BacklogArithmetic(head);
  let made = own;
  const newSegment = () => made++;
  const append = (count: number, now = 100) => backlog.append(rows(count), { now, newSegment });
  const read = (places: readonly Place[]) =>
    backlog.wasRead(places.map((at) => ({ position: positionOf(at), sizeBytes: 10, at: 100 })));
  return { backlog, append, read };
}

test("positions rise with segment and place, and say where they are", () => {
  const places: Place[] = [
    { segment: 1n, place: -1 },
    { segment: 1n, place: 0 },
    { segment: 1n, place: segmentRowsMax },
    { segment: own, place: 3 },
    { segment: 1n << 62n, place: 0 },
  ];
  const positions = places.map(positionOf);
  expect([...positions].sort()).toEqual(positions);
  expect(positions.map(parsePosition)).toEqual(places);
});

test("a segment that is full is followed by another", () => {
  const { append } = world();
  const { places } = append(segmentRowsMax + 1);
  expect(places.at(-2)).toEqual({ segment: own, place: segmentRowsMax - 1 });
  expect(places.at(-1)).toEqual({ segment: own + 1n, place: 0 });
});

describe("depth", () => {
  test("is what was written less what was read and passed", () => {
    const { backlog, append, read } = world();
    const { places, ended } = append(5);
    ended();
    read(places.slice(0, 3));
    expect(backlog.advance(positionOf(places[1] ?? empty))).toBe(true);
    expect(backlog.head).toMatchObject({ depth: 3, bytes: 30, oldestAt: 100 });
    expect(backlog.advance(positionOf(places[0] ?? empty))).toBe(false);
  });

  test("is never none while the end was not seen: a successor would not look", () => {
    const { backlog, read } = world({ ...empty, segment: 3n, depth: 1, bytes: 10 });
    const old = [0, 1].map((place) => ({ segment: 3n, place }));
    read(old);
    backlog.advance(positionOf({ segment: 3n, place: 1 }));
    expect(backlog.head.depth).toBe(1);
  });

  test("is none at the end, though rows were counted that never came", () => {
    const { backlog, append, read } = world();
    const lost = append(4);
    lost.ended();
    const { places, ended } = append(2);
    ended();
    read(places);
    const end = positionOf(places[1] ?? empty);
    backlog.endsAt(end);
    backlog.advance(end);
    expect(backlog.head).toMatchObject({ depth: 0, bytes: 0 });
    expect(backlog.isIdle).toBe(true);
  });

  test("counts a row that was read twice once", () => {
    const { backlog, append, read } = world();
    const { places, ended } = append(3);
    ended();
    read(places);
    read(places);
    backlog.advance(positionOf(places[0] ?? empty));
    expect(backlog.head.depth).toBe(2);
  });
});

describe("a reader", () => {
  test("stops before rows that are on their way, and before what comes while it reads", () => {
    const { backlog, append } = world();
    const first = append(2);
    const second = append(2);
    second.ended();
    expect(backlog.boundary(own)).toBe(positionOf(first.places[0] ?? empty));
    first.ended();
    const boundary = backlog.boundary(own);
    expect(positionOf(second.places[1] ?? empty) < boundary).toBe(true);
    expect(positionOf(append(1).places[0] ?? empty) < boundary).toBe(false);
  });

  test("sees all that earlier owners wrote when this one wrote nothing yet", () => {
    const { backlog } = world({ ...empty, segment: 3n, depth: 9 });
    const boundary = backlog.boundary(own);
    expect(positionOf({ segment: own - 1n, place: 1_999 }) < boundary).toBe(true);
    expect(positionOf({ segment: own, place: 0 }) < boundary).toBe(false);
  });
});

test("the index of a segment is written once, and again for rows that outlive it", () => {
  const { backlog } = world();
  expect(backlog.isIndexed(own, 50)).toBe(false);
  backlog.indexed(own, 100);
  expect(backlog.isIndexed(own, 50)).toBe(true);
  expect(backlog.isIndexed(own, 101)).toBe(false);
  expect(backlog.isIndexed(own + 1n, 50)).toBe(false);
});
