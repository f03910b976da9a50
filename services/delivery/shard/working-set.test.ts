import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { deferred, nthUid } from "../../../test/support/queued.ts";
import { fromStore } from "./queued-unit.ts";
import { WorkingSet } from "./working-set.ts";

function setUp() {
  const unwanted: string[] = [];
  const ports = workingPorts(new VirtualClock());
  const working = new WorkingSet({ ...ports, unwanted: (uid) => void unwanted.push(uid) });
  return { working, unwanted };
}

const stored = (n: number) => fromStore(deferred({ uid: nthUid(n) }), { rowsDone: [], since: 0 });

test("what is cancelled on its way into memory is so when it comes", () => {
  const { working, unwanted } = setUp();
  working.claim(nthUid(1));
  expect(working.cancel(nthUid(1))).toBe(true);
  const queued = stored(1);
  working.add(queued);
  working.unclaim(nthUid(1));
  expect([queued.isCancelled, unwanted]).toEqual([true, []]);
});

test("what was cancelled on its way and does not come is cancelled where it waits, and not later", () => {
  const { working, unwanted } = setUp();
  working.claim(nthUid(1));
  working.cancel(nthUid(1));
  // Its row was outdated.
  working.unclaim(nthUid(1));
  expect(unwanted).toEqual([nthUid(1)]);
  const later = stored(1);
  working.add(later);
  expect(later.isCancelled).toBe(false);
});

test("what is neither in memory nor on its way there is not marked", () => {
  const { working, unwanted } = setUp();
  expect(working.cancel(nthUid(1))).toBe(false);
  working.claim(nthUid(1));
  working.unclaim(nthUid(1));
  expect(unwanted).toEqual([]);
});
