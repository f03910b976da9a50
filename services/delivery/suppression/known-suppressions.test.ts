import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { MemoryStore } from "#lib/store/memory";
import { StoreUnavailable } from "#lib/store/store";
import { byHand, parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { failureOf } from "../../../test/support/failure.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import { KnownSuppressions } from "./known-suppressions.ts";

const epoch = 1_795_000_000_000;

function entry(text: string, rest: Partial<Suppression> = {}): Suppression {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, reason: byHand, at: epoch, ...rest };
}

function unitTo(paths: readonly string[], tenant?: string) {
  const recipients = paths.map((text) => ({ path: path(text) }));
  return unitOf({ recipients, ...(tenant === undefined ? {} : { tenant }) });
}

function setUp({ entriesMax }: { entriesMax?: number } = {}) {
  const clock = new VirtualClock(epoch);
  const state = { isAway: false, calls: [] as string[], before: async (_: string) => {} };
  const faults = {
    before: async ({ operation }: { operation: string }) => {
      state.calls.push(operation.replace("suppressions/", ""));
      if (state.isAway) throw new StoreUnavailable("Cannot read: away");
      await state.before(operation);
    },
    after: async () => {},
  };
  const store = new MemoryStore({ clock, faults });
  /** Another node's. */
  const elsewhere = store.view({ clock }).suppressions;
  const known = new KnownSuppressions({
    list: store.suppressions,
    clock,
    random: seededRandom(3),
    log: silentLog,
    retryMs: 1_000,
    ...(entriesMax === undefined ? {} : { entriesMax }),
  });
  const among = async (paths: readonly string[], tenant?: string) => {
    const found = known.among(unitTo(paths, tenant));
    return found === undefined ? undefined : Object.fromEntries(await found);
  };
  return { clock, state, elsewhere, known, among };
}

const byHandText = "recipient is suppressed (by-hand, 2026-11-18)";

describe("KnownSuppressions", () => {
  test("find who is on the list, for one tenant or for all, as mailbox or as domain", async () => {
    const { clock, elsewhere, known, among } = setUp();
    await elsewhere.put([
      entry("joe@example.net"),
      entry("ann@example.net", { tenant: "acme", reason: "bad-mailbox" }),
      entry("blocked.example"),
    ]);
    known.start();
    await clock.advance(0);
    const recipients = ["Joe@example.net", "ann@example.net", "x@blocked.example", "y@example.net"];
    const everybodys = {
      0: byHandText,
      2: "recipient's domain is suppressed (by-hand, 2026-11-18)",
    };
    expect(await among(recipients, "blue")).toEqual(everybodys);
    expect(await among(recipients)).toEqual(everybodys);
    expect(await among(recipients, "acme")).toEqual({
      ...everybodys,
      1: "recipient is suppressed (bad-mailbox, 2026-11-18)",
    });
    known.stop();
  });

  test("ask the store about nobody who is not on the list", async () => {
    const { clock, state, elsewhere, known } = setUp();
    await elsewhere.put([entry("joe@example.net")]);
    known.start();
    await clock.advance(0);
    state.calls.length = 0;
    for (let n = 0; n < 1_000; n++) {
      expect(known.among(unitTo([`user${n}@example.net`], "acme"))).toBeUndefined();
    }
    expect(state.calls).toEqual([]);
    known.stop();
  });

  test("hear within seconds of what was put elsewhere, and at once when told to look", async () => {
    const { clock, elsewhere, known, among } = setUp();
    known.start();
    await clock.advance(0);
    expect(await among(["joe@example.net"])).toBeUndefined();
    await elsewhere.put([entry("joe@example.net")]);
    await clock.advance(5_000);
    expect(await among(["joe@example.net"])).toEqual({ 0: byHandText });
    await elsewhere.put([entry("ann@example.net")]);
    await known.look();
    expect(await among(["ann@example.net"])).toEqual({ 0: byHandText });
    known.stop();
    await known.look();
  });

  test("a look that comes while they read is a reading of its own", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    known.start();
    await clock.advance(0);
    const reading = Promise.withResolvers<void>();
    let readings = 0;
    state.before = (operation) => {
      readings += operation.endsWith("news") ? 1 : 0;
      return readings === 1 ? reading.promise : Promise.resolve();
    };
    const first = known.look();
    await clock.advance(0);
    const second = known.look();
    state.before = async () => {
      readings += 1;
    };
    reading.resolve();
    await first;
    await elsewhere.put([entry("joe@example.net")]);
    await second;
    expect(readings).toBe(2);
    expect(await among(["joe@example.net"])).toEqual({ 0: byHandText });
    known.stop();
  });

  test("let through at once who was lifted elsewhere, and forget it", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    const joe = entry("joe@example.net");
    await elsewhere.put([joe]);
    known.start();
    await clock.advance(0);
    await elsewhere.lift([joe]);
    expect(await among(["joe@example.net"])).toEqual({});
    state.calls.length = 0;
    expect(await among(["joe@example.net"])).toBeUndefined();
    expect(state.calls).toEqual([]);
    known.stop();
  });

  test("do not forget what is put again while its absence is being looked up", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    const joe = entry("joe@example.net");
    await elsewhere.put([joe]);
    known.start();
    await clock.advance(0);
    await elsewhere.lift([joe]);
    const put = Promise.withResolvers<void>();
    state.before = (operation) => (operation.endsWith("find") ? put.promise : Promise.resolve());
    const looked = among(["joe@example.net"]);
    state.before = async () => {};
    await known.add([joe]);
    await elsewhere.lift([joe]);
    put.resolve();
    expect(await looked).toEqual({});
    await elsewhere.put([joe]);
    expect(await among(["joe@example.net"])).toEqual({ 0: byHandText });
    known.stop();
  });

  test("hold in memory while the store is away, and add nobody to it", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    await elsewhere.put([entry("joe@example.net")]);
    known.start();
    await clock.advance(0);
    state.isAway = true;
    await clock.advance(60_000);
    expect(await among(["joe@example.net", "ann@example.net"])).toEqual({
      0: "recipient is suppressed",
    });
    expect(await among(["ann@example.net"])).toBeUndefined();
    // Not asked again at once, and as soon as it may be back.
    state.calls.length = 0;
    expect(await among(["joe@example.net"])).toEqual({ 0: "recipient is suppressed" });
    expect(state.calls).not.toContain("find");
    state.isAway = false;
    await clock.advance(5_000);
    expect(await among(["joe@example.net"])).toEqual({ 0: byHandText });
    known.stop();
  });

  test("know nothing before the list was read: then the store is asked, or nothing is tried", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    await elsewhere.put([entry("joe@example.net")]);
    expect(known.isKnown).toBe(false);
    expect(await among(["ann@example.net", "joe@example.net"])).toEqual({ 1: byHandText });
    state.isAway = true;
    known.start();
    await clock.advance(10_000);
    expect(await failureOf(among(["ann@example.net"]))).toBeInstanceOf(StoreUnavailable);
    state.isAway = false;
    await clock.advance(1_000);
    expect(known.isKnown).toBe(true);
    expect(await among(["ann@example.net"])).toBeUndefined();
    known.stop();
  });

  test("ask the store about everybody when there is no room for all", async () => {
    const { clock, elsewhere, known, among } = setUp({ entriesMax: 600 });
    const many = Array.from({ length: 700 }, (_, n) => entry(`user${n}@example.net`));
    await elsewhere.put(many);
    known.start();
    await clock.advance(0);
    expect(known.isKnown).toBe(false);
    expect(await among(["ann@example.net"])).toEqual({});
    expect(Object.keys((await among(["user1@example.net", "user699@example.net"])) ?? {})).toEqual([
      "0",
      "1",
    ]);
    known.stop();
  });

  test("read a list of many pages, with what is put meanwhile", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    await elsewhere.put(Array.from({ length: 2_500 }, (_, n) => entry(`user${n}@example.net`)));
    let pages = 0;
    state.before = async (operation) => {
      if (!operation.endsWith("page")) return;
      pages += 1;
      // Sorts before all others, so that no page has it any more.
      if (pages === 2) await elsewhere.put([entry("aaa@example.net")]);
    };
    known.start();
    await clock.advance(0);
    expect(pages).toBe(3);
    await clock.advance(5_000);
    const found = await among(["user0@example.net", "user2499@example.net", "aaa@example.net"]);
    expect(found).toEqual({ 0: byHandText, 1: byHandText, 2: byHandText });
    known.stop();
  });

  test("read the whole list again when they heard nothing for too long", async () => {
    const { clock, state, elsewhere, known, among } = setUp();
    known.start();
    await clock.advance(0);
    state.isAway = true;
    await elsewhere.put([entry("first@example.net")]);
    // More than the store can tell as news.
    for (let n = 0; n < 11; n++) {
      await elsewhere.put(Array.from({ length: 1_000 }, (_, i) => entry(`u${n}-${i}@example.net`)));
    }
    await clock.advance(60_000);
    state.isAway = false;
    await clock.advance(5_000);
    expect(await among(["first@example.net"])).toEqual({ 0: byHandText });
    known.stop();
  });

  test("add what is not there yet, and leave alone what may last longer", async () => {
    const { clock, elsewhere, known, among } = setUp();
    const joe = entry("joe@example.net");
    await elsewhere.put([joe]);
    known.start();
    await clock.advance(0);
    const found = (text: string) =>
      entry(text, { reason: "bad-mailbox", expiresAt: epoch + 1_000 });
    const ann = found("ann@example.net");
    expect(await known.add([found("joe@example.net"), ann])).toEqual([ann]);
    expect(await elsewhere.find([joe])).toEqual([joe]);
    expect(await among(["ann@example.net"])).toEqual({
      0: "recipient is suppressed (bad-mailbox, 2026-11-18)",
    });
    known.stop();
  });

  test("tell of one recipient, whom nobody need wait for while nothing is known", async () => {
    const { clock, elsewhere, known } = setUp();
    const joe = entry("joe@example.net", { tenant: "acme" });
    await elsewhere.put([joe]);
    const has = (name: string, tenant?: string) => known.has(path(name), tenant);
    expect(has("joe@example.net", "acme")).toBeUndefined();
    known.start();
    await clock.advance(0);
    expect(await has("Joe@example.net", "acme")).toBe(true);
    expect(has("joe@example.net")).toBeUndefined();
    await elsewhere.lift([joe]);
    expect(await has("joe@example.net", "acme")).toBe(false);
    known.stop();
  });

  test("look for nothing any more once stopped", async () => {
    const { clock, state, known } = setUp();
    known.start();
    await clock.advance(0);
    known.stop();
    await clock.advance(0);
    state.calls.length = 0;
    await clock.advance(60_000);
    expect(state.calls).toEqual([]);
  });
});
