import { beforeEach, describe, expect, test } from "bun:test";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryStore } from "#lib/store/memory";
import { StoreUnavailable } from "#lib/store/store";
import { parseSuppressionKey } from "#lib/suppression/suppression";
import { bounceOf } from "../../../test/support/bounces.ts";
import { failureOf } from "../../../test/support/failure.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { destination, shard } from "../../../test/support/records.ts";
import { busRecords, type Records, recordsHandler, storeRecords } from "./records.ts";

const clock = new ManualClock();
const hold = { destination: destination("a.example"), reason: "moving", since: 7 };
const parked = { shard: shard(1), sequence: 3, uid: "?", at: 5, reason: "no record" };

let store: MemoryStore;
let bus: LocalBus;
let records: Records;

beforeEach(() => {
  store = new MemoryStore({ clock });
  bus = new LocalBus({ clock });
  records = busRecords({ bus, clock, shards: 8 });
});

/** What is on its way to an owner arrives before the time has passed. */
async function pass(ms: number): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  clock.advance(ms);
}

describe("over the bus", () => {
  test("a hold is set, told and lifted", async () => {
    bus.serveShard(shard(2), recordsHandler(storeRecords(store)));
    await records.putHold(hold);
    expect(await store.holds()).toEqual([hold]);
    expect(await records.holds()).toEqual([hold]);
    await records.dropHold(hold.destination);
    expect(await store.holds()).toEqual([]);
  });

  test("what is parked and what bounced is the same as beside the store", async () => {
    await store.park({ ...parked, record: new Uint8Array([1, 2]) });
    bus.serveShard(shard(0), recordsHandler(storeRecords(store)));
    expect(await records.parked(10)).toEqual([{ ...parked, recordBase64: "AQI=" }]);
    expect(await storeRecords(store).parked(10)).toEqual(await records.parked(10));
    expect(await records.bounces({ limit: 10, destination: hold.destination })).toEqual({
      bounces: [],
    });
  });

  test("suppressions are put, found, listed and lifted", async () => {
    bus.serveShard(shard(0), recordsHandler(storeRecords(store)));
    const key = parseSuppressionKey("joe@example.com");
    if (key === undefined) throw new Error("it is a mailbox");
    const entry = { key, tenant: "acme", reason: "by-hand", at: 7 };
    const listed = { address: "joe@example.com", tenant: "acme", reason: "by-hand", at: 7 };
    await records.putSuppressions([entry]);
    expect(await store.suppressions.find([entry])).toEqual([entry]);
    expect(await records.findSuppressions([{ key }, entry])).toEqual({ entries: [listed] });
    expect(await records.suppressionsOf({ key })).toEqual({ entries: [listed], isWhole: true });
    expect(await records.suppressions({ limit: 1 })).toEqual({
      entries: [listed],
      next: expect.any(String),
    });
    expect(await records.suppressions({ tenant: "blue", limit: 1 })).toEqual({ entries: [] });
    await records.liftSuppressions([entry]);
    expect(await store.suppressions.find([entry])).toEqual([]);
  });

  test("bounces are found and counted, in answers that the bus can carry", async () => {
    const bounces = Array.from({ length: 700 }, (_, at) =>
      bounceOf({ at, path: `b${at}@example.com`, class: "unknown", text: "no ".repeat(340) }),
    );
    await store.recordBounces(bounces);
    bus.serveShard(shard(0), recordsHandler(storeRecords(store)));
    const found: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await records.bounces({
        limit: 1_000,
        ...(after === undefined ? {} : { after }),
      });
      expect(JSON.stringify(page).length).toBeLessThan(900_000);
      const { bounces: some, next } = Object(page);
      found.push(...some);
      after = next;
    } while (after !== undefined);
    expect(found).toEqual(bounces);
    expect(await records.countBounces({ class: "unknown" })).toEqual([
      { day: 0, class: "unknown", count: 700 },
    ]);
    expect(await records.unknownBounces({ limit: 1 })).toMatchObject([{ count: 700 }]);
  });

  test("a store that is away is told as such", async () => {
    const away = () => Promise.reject(new StoreUnavailable("no host answers"));
    bus.serveShard(shard(0), recordsHandler({ ...storeRecords(store), holds: away }));
    const failure = await failureOf(records.holds());
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(String(failure)).toContain("no host answers");
  });

  test("the owner of any shard may answer", async () => {
    bus.serveShard(shard(7), recordsHandler(storeRecords(store)));
    expect(await records.holds()).toEqual([]);
  });

  test("one that stands still is not waited for when another answers", async () => {
    for (const n of [0, 1]) bus.serveShard(shard(n), () => new Promise(() => {}));
    bus.serveShard(shard(2), recordsHandler(storeRecords(store)));
    const asked = records.holds();
    await pass(1_000);
    await pass(1_000);
    expect(await asked).toEqual([]);
  });

  test("nobody may answer", async () => {
    expect(String(await failureOf(records.holds()))).toContain("no worker answers");
  });

  test("and nobody in time", async () => {
    for (let n = 0; n < 8; n++) bus.serveShard(shard(n), () => new Promise(() => {}));
    const asked = failureOf(records.holds());
    for (let second = 0; second < 10; second++) await pass(1_000);
    expect(String(await asked)).toContain("no worker answers");
  });
});
