import { describe, expect, test } from "bun:test";
import { MemoryStore } from "#lib/store/memory";
import { type Hold, StoreUnavailable } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { destination } from "../../test/support/records.ts";
import { Holds } from "./holds.ts";

const holdOf = (name: string): Hold => ({
  destination: destination(name),
  reason: "quiet",
  since: 1,
});
const [a, b] = [holdOf("a.example"), holdOf("b.example")];

class Owner {
  readonly said: string[] = [];
  hold({ destination: name }: Hold): number {
    this.said.push(`hold ${name}`);
    return 7;
  }
  release(name: string): void {
    this.said.push(`release ${name}`);
  }
}

function setUp() {
  const clock = new VirtualClock();
  const state = { isAway: false, onRead: () => {} };
  const faults = {
    before: async () => {
      if (state.isAway) throw new StoreUnavailable("Cannot read: away");
    },
    after: async ({ operation }: { operation: string }) => {
      if (operation === "holds") state.onRead();
    },
  };
  const store = new MemoryStore({ clock, faults });
  const owner = new Owner();
  const holds = new Holds({
    store,
    clock,
    log: silentLog,
    retryMs: 1_000,
    ownerOf: () => owner,
  });
  return { clock, store, owner, holds, state };
}

describe("Holds", () => {
  test("are known before anything is tried, however long the store is away", async () => {
    const { clock, store, holds, state } = setUp();
    await store.putHold(a);
    state.isAway = true;
    let isStarted = false;
    const started = holds.start().then(() => {
      isStarted = true;
    });
    await clock.advance(10_000);
    expect(isStarted).toBe(false);
    state.isAway = false;
    await clock.advance(1_000);
    await started;
    expect(holds.all).toEqual([a]);
  });

  test("an earlier incarnation's will do while the store is away, and no longer", async () => {
    const { clock, store, holds, state } = setUp();
    await store.putHold(b);
    state.isAway = true;
    const started = holds.start([a]);
    await clock.advance(0);
    await started;
    expect(holds.known).toEqual([a]);
    state.isAway = false;
    await clock.advance(5_000);
    expect(holds.known).toEqual([b]);
  });

  test("an earlier incarnation's are not believed when the store can be asked", async () => {
    const { store, holds } = setUp();
    await store.putHold(b);
    await holds.start([a]);
    expect(holds.known).toEqual([b]);
  });

  test("an operator's word before they were read tells nothing of the others", async () => {
    const { clock, holds, state } = setUp();
    state.isAway = true;
    void holds.start();
    await clock.advance(0);
    holds.hold(a);
    expect(holds.known).toBeUndefined();
    holds.stop();
    await clock.advance(1_000);
  });

  test("an operator's word binds at once, and tells what it moved", async () => {
    const { owner, holds } = setUp();
    await holds.start();
    expect(holds.hold(a)).toEqual({ units: 7, destinations: 1 });
    expect(holds.release(a.destination)).toEqual({ units: 0, destinations: 1 });
    expect(owner.said).toEqual(["hold a.example", "release a.example"]);
  });

  test("what was set or lifted elsewhere is heard of in a while", async () => {
    const { clock, store, owner, holds } = setUp();
    await store.putHold(a);
    await holds.start();
    await store.dropHold(a.destination);
    await store.putHold(b);
    await clock.advance(5_000);
    expect(holds.all).toEqual([b]);
    expect(owner.said).toEqual(["hold a.example", "release a.example", "hold b.example"]);
  });

  test("what was read before an operator's word does not undo it", async () => {
    const { clock, holds, state } = setUp();
    await holds.start();
    state.onRead = () => {
      state.onRead = () => {};
      holds.hold(a);
    };
    await clock.advance(5_000);
    expect(holds.all).toEqual([a]);
  });

  test("an owner that was starting meanwhile catches up", async () => {
    const { holds } = setUp();
    await holds.start();
    holds.hold(a);
    const known = holds.all;
    holds.release(a.destination);
    holds.hold(b);
    const late = new Owner();
    holds.catchUp(late, known);
    expect(late.said).toEqual(["hold b.example", "release a.example"]);
  });

  test("nothing is read any more after the stop", async () => {
    const { clock, holds } = setUp();
    await holds.start();
    holds.stop();
    expect(clock.nextDueAt()).toBeUndefined();
  });
});
