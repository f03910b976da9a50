import { describe, expect, test } from "bun:test";
import type { Faults } from "#lib/faults";
import type { Uid } from "#lib/queue/unit";
import { MemoryStore } from "#lib/store/memory";
import { type Store, StoreUnavailable, type WaitingRow } from "#lib/store/store";
import { VirtualClock } from "#lib/virtual-clock";
import { deferred, nthUid, shardOfTests } from "../../../test/support/queued.ts";
import { RetryWheel } from "./retry-wheel.ts";

const minute = 60_000;

class Wheel {
  readonly clock = new VirtualClock();
  readonly store: Store;
  readonly wheel: RetryWheel;
  #n = 0;

  constructor(faults?: Faults) {
    const { clock } = this;
    this.store = new MemoryStore(faults === undefined ? { clock } : { clock, faults });
    this.wheel = new RetryWheel(shardOfTests, this.store, clock);
  }

  /** In the store alone, as after a restart. */
  async stored(...delaysMs: number[]): Promise<Uid[]> {
    const rows = await Promise.all(
      delaysMs.map((delayMs) => this.#write(this.clock.now() + delayMs)),
    );
    return rows.map((row) => row.uid);
  }

  /** Written by this owner. */
  async added(...delaysMs: number[]): Promise<Uid[]> {
    const uids: Uid[] = [];
    for (const delayMs of delaysMs) {
      const reservation = this.wheel.reserve(this.clock.now() + delayMs);
      const row = await this.#write(reservation.at);
      reservation.written(row);
      uids.push(row.uid);
    }
    return uids;
  }

  async #write(dueAt: number): Promise<WaitingRow> {
    this.#n += 1;
    const id = nthUid(this.#n);
    await this.store.defer(shardOfTests, [
      {
        deferred: deferred({ uid: id }, { place: { kind: "wheel", dueAt } }),
        content: async () => new Uint8Array(),
      },
    ]);
    return { position: "", uid: id, generation: 1, at: dueAt, sizeBytes: 1 };
  }

  /** Everything due now, dealt with. */
  async takeAll(): Promise<(Uid | undefined)[]> {
    const uids: Uid[] = [];
    for (;;) {
      const rows = await this.wheel.takeDue(500);
      if (rows.length === 0) return uids;
      for (const row of rows) {
        uids.push(row.uid);
        row.done();
      }
    }
  }
}

describe("RetryWheel", () => {
  test("hands out what is due, in order of time, and nothing before its time", async () => {
    const w = new Wheel();
    const [late, soon] = await w.stored(2 * minute, minute);
    expect(await w.takeAll()).toEqual([]);
    await w.clock.advance(minute);
    expect(await w.takeAll()).toEqual([soon]);
    await w.clock.advance(minute);
    expect(await w.takeAll()).toEqual([late]);
    expect(await w.takeAll()).toEqual([]);
  });

  test("what is written within the horizon and beyond it comes in its turn, once", async () => {
    const w = new Wheel();
    expect(await w.takeAll()).toEqual([]);
    const [far, near] = await w.added(20 * minute, minute);
    await w.clock.advance(minute);
    expect(await w.takeAll()).toEqual([near]);
    await w.clock.advance(19 * minute);
    expect(await w.takeAll()).toEqual([far]);
  });

  test("what came by way of memory does not come again with the next page", async () => {
    const w = new Wheel();
    await w.takeAll();
    const near = await w.added(minute, 2 * minute, 3 * minute);
    await w.clock.advance(4 * minute);
    expect(await w.takeAll()).toEqual(near);
    const [later] = await w.added(9 * minute);
    await w.clock.advance(9 * minute);
    expect(await w.takeAll()).toEqual([later]);
  });

  test("pages that end amid rows of one time lose none of them", async () => {
    const w = new Wheel();
    const times = Array.from({ length: 2_600 }, (_, i) => minute + Math.floor(i / 130));
    const stored = await w.stored(...times);
    await w.clock.advance(2 * minute);
    expect((await w.takeAll()).sort()).toEqual(stored.sort());
  });

  test("more rows of one time than a page holds are read all the same", async () => {
    const w = new Wheel();
    const stored = await w.stored(...Array.from({ length: 2_100 }, () => minute));
    await w.clock.advance(minute);
    expect((await w.takeAll()).sort()).toEqual(stored.sort());
  });

  test("a row written at the time at which the last page ended is not lost", async () => {
    const w = new Wheel();
    const stored = await w.stored(...Array.from({ length: 1_001 }, (_, i) => i * 60));
    await w.clock.advance(minute);
    const first = await w.wheel.takeDue(1);
    const added = await w.added(0, -1, 1, 60, -minute / 2);
    for (const row of first) row.done();
    await w.clock.advance(2 * minute);
    const all = [...first.map((row) => row.uid), ...(await w.takeAll())];
    expect(all.sort()).toEqual([...stored, ...added].sort());
  });

  test("keeps a bounded number of rows in memory, and finds the others again", async () => {
    const w = new Wheel();
    await w.takeAll();
    const delays = Array.from({ length: 20_500 }, (_, i) => 1_000 + ((i * 7_919) % 250_000));
    const added = await w.added(...delays);
    expect(w.wheel.rowCount).toBeLessThan(20_001);
    const taken: (Uid | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      await w.clock.advance(minute);
      taken.push(...(await w.takeAll()));
      await w.wheel.advance();
    }
    expect(taken.length).toBe(added.length);
    expect(new Set(taken).size).toBe(added.length);
  });

  test("what is put back is due again at once", async () => {
    const w = new Wheel();
    const [only] = await w.stored(0);
    for (const row of await w.wheel.takeDue(500)) row.putBack();
    expect(await w.takeAll()).toEqual([only]);
  });

  test("also when the clock was put back meanwhile", async () => {
    const w = new Wheel();
    const [only] = await w.stored(0);
    const rows = await w.wheel.takeDue(500);
    w.clock.step(-60 * minute);
    expect(await w.takeAll()).toEqual([]);
    for (const row of rows) row.putBack();
    expect(await w.takeAll()).toEqual([only]);
  });

  test("the stored cursor does not pass what is handed out and not dealt with", async () => {
    const w = new Wheel();
    const [first] = await w.stored(minute, 2 * minute);
    await w.clock.advance(3 * minute);
    const rows = await w.wheel.takeDue(500);
    rows[1]?.done();
    await w.wheel.advance();
    const successor = new RetryWheel(shardOfTests, w.store, w.clock);
    expect((await successor.takeDue(500))[0]?.uid).toBe(first);
    rows[0]?.done();
    await w.wheel.advance();
    expect(await new RetryWheel(shardOfTests, w.store, w.clock).takeDue(500)).toEqual([]);
  });

  test("after the clock was put back what is new comes when it is due, and a successor finds it", async () => {
    const w = new Wheel();
    await w.takeAll();
    await w.clock.advance(minute);
    await w.takeAll();
    await w.wheel.advance();
    w.clock.step(-60 * minute);
    const [first] = await w.added(minute);
    await w.clock.advance(minute - 1);
    expect(await w.takeAll()).toEqual([]);
    await w.clock.advance(1);
    expect(await w.takeAll()).toEqual([first]);
    const [second] = await w.added(minute);
    await w.wheel.advance();
    const successor = new RetryWheel(shardOfTests, w.store, w.clock);
    await w.clock.advance(60 * minute);
    const found = await successor.takeDue(500);
    expect(found.some(({ uid }) => uid === second)).toBe(true);
  });

  test("what waits for the next minutes does not wait longer when the clock is put back", async () => {
    const w = new Wheel();
    await w.takeAll();
    const [soon, later] = await w.added(minute, 4 * minute);
    await w.takeAll();
    w.clock.step(-60 * minute);
    await w.takeAll();
    await w.wheel.advance();
    await w.clock.advance(minute - 1);
    expect(await w.takeAll()).toEqual([]);
    await w.clock.advance(1);
    expect(await w.takeAll()).toEqual([soon]);
    await w.clock.advance(3 * minute);
    expect(await w.takeAll()).toEqual([later]);
  });

  test.each([
    ["was to come soon", 0],
    ["was written under a clock that was ahead", 60 * minute],
  ])(
    "what %s and was being written when the clock was put back keeps its time",
    async (_, ahead) => {
      const w = new Wheel();
      await w.takeAll();
      w.clock.step(ahead);
      const reservation = w.wheel.reserve(w.clock.now() + minute);
      const [uid] = await w.stored(minute);
      w.clock.step(-60 * minute);
      await w.takeAll();
      if (uid !== undefined) reservation.written({ uid, generation: 1, sizeBytes: 1 });
      await w.clock.advance(minute - 1);
      expect(await w.takeAll()).toEqual([]);
      await w.clock.advance(1);
      expect(await w.takeAll()).toEqual([uid]);
    },
  );

  test("what the clock's step makes due comes once, and what follows keeps its time", async () => {
    const w = new Wheel();
    await w.takeAll();
    const [due, far] = await w.added(2 * minute, 90 * minute);
    w.clock.step(60 * minute);
    expect(await w.takeAll()).toEqual([due]);
    const [next] = await w.added(minute);
    await w.clock.advance(minute);
    expect(await w.takeAll()).toEqual([next]);
    await w.wheel.advance();
    await w.clock.advance(29 * minute);
    expect(await w.takeAll()).toEqual([far]);
  });

  test("when the store is away nothing is lost by it", async () => {
    let isAway = false;
    const faults = {
      before: async () => {
        if (isAway) throw new StoreUnavailable("Cannot use the store: away");
      },
      after: async () => {},
    };
    const w = new Wheel(faults);
    const [only] = await w.stored(0);
    isAway = true;
    await expect(w.wheel.takeDue(500)).rejects.toThrow("away");
    isAway = false;
    expect(await w.takeAll()).toEqual([only]);
  });

  test("the cursor waits for a row that is being written, and may have been", async () => {
    const w = new Wheel();
    await w.takeAll();
    const reservation = w.wheel.reserve(w.clock.now() + minute);
    const [only] = await w.stored(minute);
    await w.clock.advance(3 * minute);
    await w.takeAll();
    await w.wheel.advance();
    const successor = new RetryWheel(shardOfTests, w.store, w.clock);
    expect((await successor.takeDue(500))[0]?.uid).toBe(only);
    reservation.release();
    await w.wheel.advance();
    expect(await new RetryWheel(shardOfTests, w.store, w.clock).takeDue(500)).toEqual([]);
  });
});
