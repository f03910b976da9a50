import { beforeEach, describe, expect, test } from "bun:test";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import { storeRecords } from "#lib/role/records";
import { MemoryStore } from "#lib/store/memory";
import { StoreUnavailable } from "#lib/store/store";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { AdminWorker } from "../../../test/support/admin-worker.ts";
import { measureOf } from "../../../test/support/automation/rules.ts";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { controlApi } from "../api.ts";

const token = "a-token-of-our-own";
const now = 1_795_000_000_000;

let store: MemoryStore;
let bus: LocalBus;
let isStoreAway: boolean;
let events: RecordedEvents;

beforeEach(() => {
  const clock = new ManualClock();
  isStoreAway = false;
  events = new RecordedEvents();
  const before = async () => {
    if (isStoreAway) throw new StoreUnavailable("Cannot use: away");
  };
  bus = new LocalBus({ clock });
  store = new MemoryStore({ clock, faults: { before, after: async () => {} } });
});

function api() {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, shards: 1 });
  const operators = {
    shards: 1,
    bus,
    records: storeRecords(store),
    journal: log.journal(),
    leases: new MemoryLeases({ clock }),
    stream: log.stream(),
    events,
  };
  return controlApi({
    operators: () => operators,
    metrics: { render: async () => "" },
    clock,
    log: silentLog,
    token: async () => token,
    reasons: () => [],
    makesToken: false,
  });
}

async function ask(path: string, body?: unknown): Promise<[number, unknown]> {
  const response = await api().request(`/v1/measures${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return [response.status, await response.json()];
}

const until = (minutes: number) => now + minutes * 60_000;
const a = measureOf({ id: "a", until: until(30) });
const b = measureOf({ id: "b", until: until(10) });
const over = measureOf({ id: "c", until: until(-1) });

describe("what is in force", () => {
  test("is told from workers and store, the newest of each, what ends first first", async () => {
    new AdminWorker(bus, { measures: [{ ...a, until: until(60) }, over] });
    for (const measure of [a, b, over]) await store.putMeasure(measure);
    expect(await ask("")).toEqual([200, { measures: [b, { ...a, until: until(60) }] }]);
  });

  test("is told by workers while the store is away", async () => {
    new AdminWorker(bus, { measures: [a] });
    isStoreAway = true;
    expect(await ask("")).toEqual([200, { measures: [a] }]);
  });

  test("is told by the store when no worker answers, and that none did", async () => {
    await store.putMeasure(a);
    const told = { measures: [a], unanswered: { shards: [0], workers: [] } };
    expect(await ask("")).toEqual([200, told]);
  });
});

describe("cancelling", () => {
  test("drops it from the store, and tells the workers", async () => {
    const worker = new AdminWorker(bus);
    for (const measure of [a, b]) await store.putMeasure(measure);
    expect(await ask("/cancel", { id: "a" })).toEqual([200, { cancelled: ["a"] }]);
    expect(await store.measures()).toEqual([b]);
    expect(worker.commands).toEqual([{ verb: "measure.cancel", arguments: { ids: ["a"] } }]);
    expect(events.records.map(({ measure }) => measure)).toEqual(["a"]);
  });

  test("of all that are in force", async () => {
    new AdminWorker(bus, { measures: [a] });
    await store.putMeasure(b);
    expect(await ask("/cancel", { all: true })).toEqual([200, { cancelled: ["b", "a"] }]);
    expect(events.records).toMatchObject(
      [b, a].map(({ id, rule }) => ({ kind: "admin", action: "cancelMeasure", measure: id, rule })),
    );
    expect(await store.measures()).toEqual([]);
  });

  test("of what is not there says so", async () => {
    new AdminWorker(bus);
    const [status, body] = await ask("/cancel", { id: "nothing" });
    expect([status, body]).toEqual([404, { error: "no measure nothing is in force" }]);
    expect(events.records).toEqual([]);
  });

  test.each([[{}], [{ id: "" }], [{ all: false }], [{ id: "a", all: true }], ["x"]])(
    "is refused for %p",
    async (body) => {
      expect((await ask("/cancel", body))[0]).toBe(400);
    },
  );

  test("waits for the store: what it keeps would come back", async () => {
    new AdminWorker(bus, { measures: [a] });
    isStoreAway = true;
    expect((await ask("/cancel", { id: "a" }))[0]).toBe(503);
  });
});
