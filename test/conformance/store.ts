/** What every inhabitant of Store must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Epoch, nextEpoch } from "#lib/leases/leases";
import { backlogOf } from "#lib/queue/backlog-name";
import type { Destination, Unit } from "#lib/queue/unit";
import { queueIdOf, uidOf } from "#lib/queue/unit";
import type { Deferral, DeferredUnit, Place, Store, UnitFilter, UnitPage } from "#lib/store/store";
import { measureOf } from "../support/automation/rules.ts";
import { failureOf } from "../support/failure.ts";
import { shard } from "../support/records.ts";
import { bounceSuite } from "./bounces.ts";
import { deferredOf, destinationIn, epoch, newQueueId, newUnit } from "./fixtures.ts";
import { suppressionSuite } from "./suppressions.ts";

export interface StoreWorld {
  readonly store: Store;
  /** Absent where nothing outlives the process. */
  readonly reopen?: () => Promise<StoreWorld>;
  readonly close: () => Promise<void>;
}

export type OpenStore = () => Promise<StoreWorld>;

const zero = shard(0);
const backlog: Place = { kind: "backlog" };
const dueAt = (at: number): Place => ({ kind: "wheel", dueAt: epoch + at });
const content = new Uint8Array(Buffer.from("Subject: kept\r\n\r\nHello\r\n"));

export function storeSuite(name: string, open: OpenStore): void {
  describe(`${name}: Store`, () => {
    let world: StoreWorld;
    beforeEach(async () => {
      world = await open();
      await openShards(world.store, 1);
    });
    afterEach(() => world.close());
    const store = () => world.store;

    deferring(store);
    contents(store);
    wheel(store);
    backlogs(store);
    operators(store);
    bounceSuite(store);
    listing(store);
    suppressionSuite(() => store().suppressions);

    test("everything is there when the store is opened again", async () => {
      const waiting = deferredOf(newUnit(), dueAt(1));
      const spilled = deferredOf(newUnit(), backlog);
      const finished = deferredOf(newUnit(), backlog);
      await defer(world.store, [waiting, spilled, finished]);
      await world.store.finish(zero, [finished.unit.uid]);
      await world.store.putHold({ destination: destinationIn(0), reason: "quiet", since: epoch });
      const measure = measureOf({ until: epoch + 3_600_000 });
      await world.store.putMeasure(measure);
      if (world.reopen === undefined) return; // Skipped: nothing outlives a memory store.
      world = await world.reopen();
      await openShards(world.store, 2);
      const found = await world.store.find([waiting.unit.uid, finished.unit.uid]);
      expect(found.get(waiting.unit.uid)).toEqual({ state: "waiting", deferred: waiting });
      expect(found.get(finished.unit.uid)).toEqual({ state: "finished" });
      expect(await world.store.content(queueIdOf(waiting.unit.uid))).toEqual(content);
      const rows = await world.store.wheel(zero, { until: epoch + 10, limit: 10 });
      expect(rows.map((r) => r.uid)).toEqual([waiting.unit.uid]);
      const later = deferredOf(newUnit(), backlog);
      await defer(world.store, [later]);
      const queue = await world.store.backlog(zero, spilled.unit.destination, { limit: 10 });
      const uids = [spilled, finished, later].map((d) => d.unit.uid);
      expect(queue.map((r) => r.uid)).toEqual(uids);
      expect(await world.store.holds()).toHaveLength(1);
      expect(await world.store.measures()).toEqual([measure]);
    });
  });
}

/** Under an epoch of the claim, as a worker does. */
async function openShards(store: Store, claims: number): Promise<void> {
  let epoch: Epoch | undefined;
  for (let n = 0; n < claims; n++) epoch = nextEpoch(epoch);
  for (const n of [0, 1]) await store.open(shard(n), epoch ?? nextEpoch(undefined));
}

function deferralOf(deferred: DeferredUnit): Deferral {
  return { deferred, content: async () => content };
}

async function defer(store: Store, units: readonly DeferredUnit[]): Promise<void> {
  await store.defer(zero, units.map(deferralOf));
}

function deferring(store: () => Store): void {
  test("a deferred unit is found with every field, others are absent", async () => {
    const unit = newUnit({ tenant: "acme", notBefore: epoch + 5, unknown: { season: "spring" } });
    const deferred: DeferredUnit = {
      ...deferredOf(unit, dueAt(5), 7),
      attempts: 3,
      isDelayNotified: true,
      last: { "b@example.com": { status: "4.4.1", code: 451, text: "later", at: epoch } },
    };
    await defer(store(), [deferred]);
    const stranger = uidOf(newQueueId(), 0);
    const found = await store().find([deferred.unit.uid, stranger]);
    expect([...found]).toEqual([[deferred.unit.uid, { state: "waiting", deferred }]]);
  });

  test("hundreds are deferred at once", async () => {
    const units = Array.from({ length: 300 }, (_, i) => deferredOf(newUnit(), dueAt(i)));
    await defer(store(), units);
    const found = await store().find(units.map((d) => d.unit.uid));
    expect(found.size).toBe(300);
    const rows = await store().wheel(zero, { until: epoch + 1_000, limit: 1_000 });
    expect(rows.map((r) => r.uid)).toEqual(units.map((d) => d.unit.uid));
  });

  test("the next generation takes the place of the one before", async () => {
    const unit = newUnit();
    await defer(store(), [deferredOf(unit, dueAt(1), 1)]);
    const next = { ...deferredOf(unit, dueAt(9), 2), attempts: 2 };
    await defer(store(), [next]);
    const found = await store().find([unit.uid]);
    expect(found.get(unit.uid)).toEqual({ state: "waiting", deferred: next });
  });

  test("a deferral whose answer was lost may be repeated", async () => {
    const deferred = deferredOf(newUnit(), dueAt(1));
    await defer(store(), [deferred]);
    await defer(store(), [deferred]);
    expect((await store().find([deferred.unit.uid])).size).toBe(1);
    expect(await store().wheel(zero, { until: epoch + 1, limit: 9 })).toHaveLength(1);
  });

  test("a finished unit is known as finished, and to finish it again changes nothing", async () => {
    const deferred = deferredOf(newUnit(), dueAt(1));
    await defer(store(), [deferred]);
    await store().finish(zero, [deferred.unit.uid]);
    await store().finish(zero, [deferred.unit.uid]);
    const found = await store().find([deferred.unit.uid]);
    expect(found.get(deferred.unit.uid)).toEqual({ state: "finished" });
  });
}

function contents(store: () => Store): void {
  /** Defers and tells whether the content was asked for. */
  async function wasAsked(unit: Unit, generation = 1): Promise<boolean> {
    let asked = 0;
    const give = async () => {
      asked += 1;
      return content;
    };
    const deferred = deferredOf(unit, backlog, generation);
    await store().defer(zero, [{ deferred, content: give }]);
    expect(asked).toBeLessThanOrEqual(1);
    return asked === 1;
  }

  test("content is asked for once for each message", async () => {
    const id = newQueueId();
    const [first, second] = [newUnit({ uid: uidOf(id, 0) }), newUnit({ uid: uidOf(id, 1) })];
    expect(await wasAsked(first)).toBe(true);
    expect(await wasAsked(first, 2)).toBe(false);
    expect(await wasAsked(second)).toBe(false);
    expect(await store().content(id)).toEqual(content);
  });

  test("content stays until the last unit of its message is finished", async () => {
    const id = newQueueId();
    const uids = [uidOf(id, 0), uidOf(id, 1)] as const;
    for (const uid of uids) await wasAsked(newUnit({ uid }));
    await store().finish(zero, [uids[0]]);
    await store().finish(zero, [uids[0]]);
    expect(await store().content(id)).toEqual(content);
    await store().finish(zero, [uids[1]]);
    expect((await store().find([uids[1]])).get(uids[1])).toEqual({ state: "finished" });
  });

  test("content that nobody has is undefined", async () => {
    expect(await store().content(newQueueId())).toBeUndefined();
  });

  test("when content cannot be had, nothing is deferred", async () => {
    const deferred = deferredOf(newUnit(), backlog);
    const gone = () => Promise.reject(new Error("it is gone"));
    const deferring = store().defer(zero, [{ deferred, content: gone }]);
    expect(String(await failureOf(deferring))).toContain("it is gone");
    expect((await store().find([deferred.unit.uid])).size).toBe(0);
  });

  test("a large content comes back as it went in", async () => {
    const large = new Uint8Array(3 * 1024 * 1024).fill(65);
    large[2_345_678] = 66;
    const deferred = deferredOf(newUnit(), backlog);
    await store().defer(zero, [{ deferred, content: async () => large }]);
    const found = await store().content(queueIdOf(deferred.unit.uid));
    expect(found !== undefined && Buffer.from(found).equals(large)).toBe(true);
  });
}

function wheel(store: () => Store): void {
  const ats = (rows: readonly { readonly at: number }[]) => rows.map((r) => r.at - epoch);

  test("the wheel turns in order of due time, and not ahead of `until`", async () => {
    const units = [30, 10, 20, 40].map((at) => deferredOf(newUnit(), dueAt(at)));
    await defer(store(), units);
    expect(ats(await store().wheel(zero, { until: epoch + 30, limit: 10 }))).toEqual([10, 20, 30]);
    expect(await store().wheel(zero, { until: epoch + 9, limit: 10 })).toEqual([]);
    const [row] = await store().wheel(zero, { until: epoch + 10, limit: 10 });
    const unit = units[1]?.unit;
    expect(row).toMatchObject({ generation: 1, sizeBytes: 1_000 });
    expect(row?.uid).toBe(unit?.uid as NonNullable<typeof unit>["uid"]);
  });

  test("it is read in pages, also within one due time", async () => {
    await defer(
      store(),
      Array.from({ length: 7 }, () => deferredOf(newUnit(), dueAt(5))),
    );
    const seen = new Set<string>();
    let after: string | undefined;
    for (;;) {
      const from = after === undefined ? {} : { after };
      const rows = await store().wheel(zero, { until: epoch + 5, limit: 3, ...from });
      for (const row of rows) seen.add(row.uid);
      after = rows.at(-1)?.position;
      if (rows.length < 3) break;
    }
    expect(seen.size).toBe(7);
  });

  test("what is due before the cursor is not read again", async () => {
    await defer(
      store(),
      [10, 20, 30].map((at) => deferredOf(newUnit(), dueAt(at))),
    );
    await store().advanceWheel(zero, epoch + 20);
    expect(ats(await store().wheel(zero, { until: epoch + 99, limit: 9 }))).toEqual([20, 30]);
    await store().advanceWheel(zero, epoch + 15);
    expect(ats(await store().wheel(zero, { until: epoch + 99, limit: 9 }))).toEqual([20, 30]);
  });

  test("a unit that is due before the cursor is handed out all the same", async () => {
    await store().advanceWheel(zero, epoch + 100);
    const late = deferredOf(newUnit(), dueAt(50));
    await defer(store(), [late]);
    const rows = await store().wheel(zero, { until: epoch + 100, limit: 9 });
    expect(rows.map((r) => r.uid)).toEqual([late.unit.uid]);
  });

  test("rows of an older generation are still handed out: the caller skips them", async () => {
    const unit = newUnit();
    await defer(store(), [deferredOf(unit, dueAt(10), 1)]);
    await defer(store(), [deferredOf(unit, dueAt(5), 2)]);
    const rows = await store().wheel(zero, { until: epoch + 10, limit: 9 });
    expect(rows.map((r) => [r.uid, r.generation])).toEqual([
      [unit.uid, 2],
      [unit.uid, 1],
    ]);
  });

  test("a unit in a backlog is in the wheel too, when it is to be looked at", async () => {
    const deferred = deferredOf(newUnit(), backlog);
    await store().defer(zero, [{ ...deferralOf(deferred), lookAt: epoch + 20 }]);
    const { uid, destination } = deferred.unit;
    expect(ats(await store().wheel(zero, { until: epoch + 99, limit: 9 }))).toEqual([20]);
    const rows = await store().backlog(zero, destination, { limit: 9 });
    expect(rows.map((r) => r.uid)).toEqual([uid]);
    expect((await store().find([uid])).get(uid)).toEqual({ state: "waiting", deferred });
  });

  test("each shard has a wheel of its own", async () => {
    await defer(store(), [deferredOf(newUnit(), dueAt(1))]);
    expect(await store().wheel(shard(1), { until: epoch + 9, limit: 9 })).toEqual([]);
  });
}

function backlogs(store: () => Store): void {
  const [here, there] = [destinationIn(0), destinationIn(0, 1)];

  function spilled(destination: Destination, count: number): DeferredUnit[] {
    return Array.from({ length: count }, () => deferredOf(newUnit({ destination }), backlog));
  }

  test("a backlog is first in, first out, in pages", async () => {
    const units = spilled(here, 7);
    await defer(store(), units.slice(0, 3));
    await defer(store(), spilled(there, 2));
    await defer(store(), units.slice(3));
    const first = await store().backlog(zero, here, { limit: 4 });
    const after = first.at(-1)?.position ?? "";
    const rest = await store().backlog(zero, here, { after, limit: 9 });
    expect([...first, ...rest].map((r) => r.uid)).toEqual(units.map((d) => d.unit.uid));
    const last = rest.at(-1)?.position ?? "";
    expect(await store().backlog(zero, here, { after: last, limit: 9 })).toEqual([]);
  });

  test("what the cursor has passed is not read again, and the depth shrinks", async () => {
    const units = spilled(here, 5);
    await defer(store(), units);
    const rows = await store().backlog(zero, here, { limit: 2 });
    await store().advanceBacklog(zero, here, rows[1]?.position ?? "");
    await store().advanceBacklog(zero, here, rows[0]?.position ?? "");
    const left = await store().backlog(zero, here, { limit: 9 });
    expect(left.map((r) => r.uid)).toEqual(units.slice(2).map((d) => d.unit.uid));
    expect(await store().backlogs(zero)).toMatchObject([{ backlog: here, depth: 3, bytes: 3_000 }]);
    await store().advanceBacklog(zero, here, left.at(-1)?.position ?? "");
    expect(await store().backlogs(zero)).toEqual([]);
    const again = spilled(here, 1);
    await defer(store(), again);
    const rowsAgain = await store().backlog(zero, here, { limit: 9 });
    expect(rowsAgain.map((r) => r.uid)).toEqual(again.map((d) => d.unit.uid));
  });

  test("the summary tells depth, bytes and age of each backlog of the shard", async () => {
    await defer(store(), [...spilled(here, 3), ...spilled(there, 1)]);
    await store().defer(shard(1), spilled(destinationIn(1), 1).map(deferralOf));
    const summaries = await store().backlogs(zero);
    const byName = [...summaries].sort((a, b) => b.depth - a.depth);
    expect(byName).toMatchObject([
      { backlog: here, depth: 3, bytes: 3_000 },
      { backlog: there, depth: 1, bytes: 1_000 },
    ]);
    const [row] = await store().backlog(zero, here, { limit: 1 });
    expect(byName[0]?.oldestAt).toBe(row?.at ?? -1);
  });

  test("each tenant and priority has its own, with its own cursor", async () => {
    const whose = [{}, { tenant: "acme" }, { tenant: "acme", lane: "h" as const }];
    const units = whose.map((of) => deferredOf(newUnit({ destination: here, ...of }), backlog));
    await defer(store(), units);
    for (const { unit } of units) {
      const rows = await store().backlog(zero, backlogOf(unit), { limit: 9 });
      expect(rows.map(({ uid }) => uid)).toEqual([unit.uid]);
    }
    const acme = backlogOf({ destination: here, lane: "n", tenant: "acme" });
    const [row] = await store().backlog(zero, acme, { limit: 9 });
    await store().advanceBacklog(zero, acme, row?.position ?? "");
    const left = (await store().backlogs(zero)).map((summary): string => summary.backlog);
    expect(left.toSorted()).toEqual([here, `${here} hacme`]);
  });

  test("units of the wheel do not count as backlog", async () => {
    await defer(store(), [deferredOf(newUnit(), dueAt(1))]);
    expect(await store().backlogs(zero)).toEqual([]);
  });
}

function operators(store: () => Store): void {
  test("a hold stands until it is dropped, and the newest word counts", async () => {
    const [a, b] = [destinationIn(0), destinationIn(1)];
    await store().putHold({ destination: a, reason: "complaints", since: epoch });
    await store().putHold({ destination: b, reason: "migration", since: epoch + 1 });
    await store().putHold({ destination: a, reason: "more complaints", since: epoch + 2 });
    const holds = [...(await store().holds())].sort((x, y) => y.since - x.since);
    expect(holds.map((h) => h.reason)).toEqual(["more complaints", "migration"]);
    await store().dropHold(a);
    await store().dropHold(a);
    expect(await store().holds()).toEqual([
      { destination: b, reason: "migration", since: epoch + 1 },
    ]);
  });

  test("a measure stands until it is dropped, and the newest of its id counts", async () => {
    const lasting = { since: epoch, renewedAt: epoch, until: epoch + 3_600_000 };
    const a = measureOf({ ...lasting, id: "a", scope: { campaign: "grüße 'x'" } });
    const limit = { kind: "messages", rate: { amount: 5, periodMs: 1_000, burst: 2 } } as const;
    const b = measureOf({ ...lasting, id: "b", effect: { kind: "limit", limit } });
    const renewed = { ...a, until: a.until + 1, count: 9 };
    for (const measure of [b, a, renewed]) await store().putMeasure(measure);
    expect(await store().measures()).toEqual([renewed, b]);
    await store().dropMeasure("a");
    await store().dropMeasure("a");
    await store().dropMeasure("never");
    expect(await store().measures()).toEqual([b]);
    await store().putMeasure(a);
    expect(await store().measures()).toEqual([a, b]);
  });

  test("a parked entry is kept as it was, once", async () => {
    const record = new Uint8Array([0, 255, 128]);
    const entry = { shard: zero, sequence: 7, uid: "?", at: epoch, reason: "no map", record };
    await store().park(entry);
    await store().park(entry);
    await store().park({ ...entry, sequence: 8 });
    expect(await store().parked(10)).toEqual([entry, { ...entry, sequence: 8 }]);
    expect(await store().parked(1)).toHaveLength(1);
  });
}

/** From an hour before the first on. */
async function allPages(store: Store, filter: UnitFilter): Promise<readonly DeferredUnit[]> {
  const found: DeferredUnit[] = [];
  let page: UnitPage = { units: [], next: uidOf(newQueueId(epoch - 3_600_000), 0) };
  while (page.next !== undefined) {
    const after = page.next;
    page = await store.list(zero, { ...filter, after });
    found.push(...page.units);
    expect(page.next === undefined || page.next > after).toBe(true);
  }
  return found;
}

function listing(store: () => Store): void {
  test("waiting units are listed by uid, in pages, without the finished ones", async () => {
    const units = Array.from({ length: 6 }, (_, i) =>
      deferredOf(newUnit(), i % 2 === 0 ? backlog : dueAt(i)),
    );
    await defer(store(), [...units].reverse());
    const finished = units[2]?.unit.uid;
    if (finished !== undefined) await store().finish(zero, [finished]);
    const left = units.filter((d) => d.unit.uid !== finished);
    const first = await store().list(zero, { limit: 3 });
    const after = first.next ?? uidOf(newQueueId(), 0);
    const rest = await store().list(zero, { after, limit: 3 });
    expect([...first.units, ...rest.units]).toEqual(left);
    expect(rest.next).toBeUndefined();
    expect(await store().list(shard(1), { limit: 9 })).toEqual({ units: [] });
  });

  test("they are picked by destination and by message", async () => {
    const id = newQueueId();
    const [here, there] = [destinationIn(0), destinationIn(0, 1)];
    const a = deferredOf(newUnit({ uid: uidOf(id, 0), destination: here }), backlog);
    const b = deferredOf(newUnit({ uid: uidOf(id, 1), destination: there }), dueAt(1));
    const c = deferredOf(newUnit({ destination: there }), backlog);
    await defer(store(), [a, b, c]);
    const listed = async (filter: Omit<UnitFilter, "limit">) =>
      (await store().list(zero, { ...filter, limit: 9 })).units;
    expect(await listed({ destination: there })).toEqual([b, c]);
    expect(await listed({ queueId: id })).toEqual([a, b]);
    expect(await listed({ queueId: id, destination: here })).toEqual([a]);
    expect(await listed({ destination: there, after: b.unit.uid })).toEqual([c]);
  });

  test("a page that must be there at once leads to all of them in the end", async () => {
    const [here, there] = [destinationIn(0), destinationIn(0, 1)];
    const hour = 3_600_000;
    const units = Array.from({ length: 8 }, (_, i) => {
      const uid = uidOf(newQueueId(epoch + Math.floor(i / 2) * hour), 0);
      return deferredOf(newUnit({ uid, destination: i % 4 === 0 ? here : there }), backlog);
    });
    await defer(store(), units);
    for (const [destination, expected] of [
      [undefined, units],
      [here, units.filter(({ unit }) => unit.destination === here)],
    ] as const) {
      const only = destination === undefined ? {} : { destination };
      expect(await allPages(store(), { ...only, limit: 3, withinMs: 0 })).toEqual([...expected]);
    }
  });

  test("so does one that ends among hundreds of one time", async () => {
    const units = Array.from({ length: 300 }, (_, i) => deferredOf(newUnit(), dueAt(i)));
    await defer(store(), units);
    expect(await allPages(store(), { limit: 1_000, withinMs: 0 })).toEqual(units);
  });
}
