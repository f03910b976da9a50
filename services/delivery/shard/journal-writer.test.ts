import { describe, expect, test } from "bun:test";
import type { UnitEvent } from "#lib/queue/event";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { JournalWriter } from "./journal-writer.ts";

const me = incarnation("w/1");

function eventOf(sequence: number, inShard = shardOfTests): UnitEvent {
  const { uid, destination } = unitOf({ uid: nthUid(sequence) });
  const done = { disposition: "delivered", recipients: [], attempt: 1 } as const;
  return { at: 1, shard: inShard, sequence, uid, destination, ...done };
}

function setUp() {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock, shards: 1 });
  const unrecorded: UnitEvent[] = [];
  const paused: boolean[] = [];
  const state = { isAway: false, seals: 0, appends: 0, unrecorded, paused };
  let answered = Promise.resolve();
  const journal = log.journal({
    before: async ({ operation }) => {
      if (operation === "append") state.appends += 1;
      if (state.isAway) throw new Error("away");
    },
    after: () => answered,
  });
  const writer = new JournalWriter({
    journal,
    writer: me,
    clock,
    log: silentLog,
    retryMs: 1_000,
    pause: (isPaused) => paused.push(isPaused),
    onSealed: (events) => {
      state.seals += 1;
      unrecorded.push(...events);
    },
  });
  const holdAnswers = () => {
    const held = Promise.withResolvers<void>();
    answered = held.promise;
    return held.resolve;
  };
  return { clock, journal: log.journal(), writer, state, holdAnswers };
}

describe("JournalWriter", () => {
  test("what is recorded in one turn is one record", async () => {
    const { clock, writer, state } = setUp();
    const positions: number[] = [];
    for (let n = 1; n <= 5; n++) writer.record(eventOf(n), (position) => positions.push(position));
    await clock.advance(0);
    expect([positions, state.appends]).toEqual([[1, 1, 1, 1, 1], 1]);
  });

  test("one record is in flight; what comes meanwhile is the next", async () => {
    const { clock, writer, journal } = setUp();
    const settled: string[] = [];
    writer.record(eventOf(1), (position) => {
      settled.push(`1 at ${position}`);
      writer.record(eventOf(2), (next) => settled.push(`2 at ${next}`));
    });
    await clock.advance(0);
    expect(settled).toEqual(["1 at 1", "2 at 2"]);
    expect((await journal.trace("", 9)).length).toBe(2);
  });

  test("a record has its bound", async () => {
    const { clock, writer, state } = setUp();
    let settled = 0;
    for (let n = 1; n <= 2_500; n++) writer.record(eventOf(n), () => (settled += 1));
    await clock.advance(0);
    expect([settled, state.appends]).toEqual([2_500, 3]);
  });

  test("its position is never ahead of what it has told", async () => {
    const { clock, writer } = setUp();
    const seen: [number, number][] = [];
    let told = 0;
    const watch = () => seen.push([writer.position, told]);
    writer.record(eventOf(1), (position) => {
      told = position;
    });
    for (let n = 0; n < 50; n++) {
      watch();
      await Promise.resolve();
    }
    await clock.advance(0);
    watch();
    expect(seen.filter(([position, upTo]) => position > upTo)).toEqual([]);
    expect(writer.position).toBe(1);
  });

  test("repeats what failed until it is durable", async () => {
    const { clock, writer, state } = setUp();
    state.isAway = true;
    let isSettled = false;
    writer.record(eventOf(1), () => {
      isSettled = true;
    });
    await clock.advance(5_000);
    expect(isSettled).toBe(false);
    state.isAway = false;
    await clock.advance(1_000);
    expect(isSettled).toBe(true);
  });

  test("without an answer for 2 s nothing new may be started, until it comes", async () => {
    const { clock, writer, state, holdAnswers } = setUp();
    const answer = holdAnswers();
    writer.record(eventOf(1), () => {});
    await clock.advance(1_999);
    expect([state.paused, writer.isUnanswered]).toEqual([[], false]);
    await clock.advance(10_000);
    expect([state.paused, writer.isUnanswered]).toEqual([[true], true]);
    answer();
    await clock.advance(0);
    expect([state.paused, writer.isUnanswered]).toEqual([[true, false], false]);
  });

  test("an answer that says no is none", async () => {
    const { clock, writer, state } = setUp();
    state.isAway = true;
    writer.record(eventOf(1), () => {});
    await clock.advance(2_000);
    expect(state.paused).toEqual([true]);
    state.isAway = false;
    await clock.advance(1_000);
    expect(state.paused).toEqual([true, false]);
  });

  test("sealed by another after a wait, nothing goes on", async () => {
    const { clock, writer, journal, state } = setUp();
    state.isAway = true;
    writer.record(eventOf(1), () => {});
    await clock.advance(2_000);
    await journal.seal(me);
    state.isAway = false;
    await clock.advance(10_000);
    expect([state.paused, state.seals]).toEqual([[true], 1]);
  });

  test("sealed by another it tells so once, and settles nothing more", async () => {
    const { clock, writer, journal, state } = setUp();
    await journal.seal(me);
    let settled = 0;
    writer.record(eventOf(1), () => (settled += 1));
    writer.record(eventOf(2), () => (settled += 1));
    await clock.advance(5_000);
    writer.record(eventOf(3), () => (settled += 1));
    await clock.advance(5_000);
    expect([settled, state.seals, writer.isSealed]).toEqual([0, 1, true]);
    expect(state.unrecorded).toEqual([eventOf(1), eventOf(2)]);
  });

  test("one that breaks when it is told does not keep the others from it", async () => {
    const { clock, writer } = setUp();
    const told: number[] = [];
    writer.record(eventOf(1), () => {
      throw new Error("broken");
    });
    writer.record(eventOf(2), () => told.push(2));
    await clock.advance(0);
    writer.record(eventOf(3), () => told.push(3));
    await clock.advance(0);
    expect(told).toEqual([2, 3]);
  });

  test("is flushed for a shard when nothing of it is on its way", async () => {
    const { clock, writer, state } = setUp();
    await writer.flushed(shardOfTests);
    state.isAway = true;
    let isFlushed = false;
    writer.record(eventOf(1), () => {});
    void writer.flushed(shardOfTests).then(() => {
      isFlushed = true;
    });
    await writer.flushed(shard(1));
    await clock.advance(1_500);
    expect(isFlushed).toBe(false);
    state.isAway = false;
    await clock.advance(1_000);
    expect(isFlushed).toBe(true);
  });
});
