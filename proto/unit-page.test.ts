import { describe, expect, test } from "bun:test";
import { uid } from "../test/support/records.ts";
import { joinPages, type UidPage } from "./unit-page.ts";

const id = (n: number) => uid(`01JDF8Z5T0000000000000000${n}.0`);
const page = (ns: readonly number[], next?: number): UidPage<{ uid: ReturnType<typeof id> }> => ({
  units: ns.map((n) => ({ uid: id(n) })),
  ...(next === undefined ? {} : { next: id(next) }),
});

describe("joinPages()", () => {
  test.each([
    ["without pages there is nothing", [], 9, page([])],
    ["by uid, each once", [page([3, 5]), page([1, 3])], 9, page([1, 3, 5])],
    ["no more than was asked for", [page([1, 2]), page([3])], 2, page([1, 2], 2)],
    ["only as far as all have looked", [page([1, 6, 7]), page([2, 4], 4)], 9, page([1, 2, 4], 4)],
    ["nothing found so far is a page, too", [page([6]), page([], 5)], 9, page([], 5)],
    ["the nearest end counts", [page([1, 2], 2), page([3], 3)], 9, page([1, 2], 2)],
    ["a full page that is the last", [page([1, 2])], 2, page([1, 2])],
  ])("%s", (_, pages, limit, expected) => {
    const joined: UidPage<{ uid: ReturnType<typeof id> }> = joinPages(pages, limit);
    expect(joined).toEqual(expected);
  });
});
