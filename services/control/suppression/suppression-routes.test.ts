import { beforeEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import { storeRecords } from "#lib/role/records";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { AdminWorker, servingWorker } from "../../../test/support/admin-worker.ts";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { controlApi } from "../api.ts";

const clock = new ManualClock();
const token = "a-token-of-our-own";

let bus: LocalBus;
let store: MemoryStore;
let worker: AdminWorker;
let api: Hono;
let events: RecordedEvents;

beforeEach(() => {
  bus = new LocalBus({ clock });
  events = new RecordedEvents();
  store = new MemoryStore({ clock });
  worker = new AdminWorker(bus);
  const log = new MemoryLog({ clock, shards: 1 });
  const seams = {
    journal: log.journal(),
    stream: log.stream(),
    leases: new MemoryLeases({ clock }),
  };
  const operators = { shards: 1, bus, records: storeRecords(store), events, ...seams };
  api = controlApi({
    operators: () => operators,
    metrics: { render: async () => "" },
    token: async () => token,
    reasons: () => [],
    makesToken: false,
    ...{ clock, log: silentLog },
  });
});

async function ask(path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await api.request(`/v1/suppressions${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const entriesOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ address: `user${n}@example.com` }));

describe("entries", () => {
  test("are put, shown with what else keeps mail from there, listed and lifted", async () => {
    const entries = [
      { address: "Joe@Example.com", tenant: "acme", expiresAt: "2027-01-01" },
      { address: "example.com", reason: "complaint", note: "asked us to" },
    ];
    expect(await ask("", { entries })).toEqual({ status: 200, body: { put: 2 } });
    const joe = {
      ...{ address: "joe@example.com", tenant: "acme", reason: "by-hand" },
      ...{ at: clock.now(), expiresAt: Date.UTC(2027, 0, 1) },
    };
    const domain = {
      ...{ address: "example.com", reason: "complaint", note: "asked us to" },
      at: clock.now(),
    };
    expect((await ask("/joe@example.com?tenant=acme")).body).toEqual({ entries: [joe, domain] });
    expect((await ask("/JOE@example.com")).body).toEqual({ entries: [domain] });
    expect((await ask("/joe@example.com?scope=any")).body).toEqual({
      entries: [domain, joe],
      isWhole: true,
    });
    expect(await ask("/joe@example.com?scope=all")).toMatchObject({ status: 400 });
    expect((await ask("?tenant=acme")).body).toEqual({ entries: [joe] });
    const lifted = { entries: [{ address: "joe@example.com", tenant: "acme" }] };
    expect((await ask("/lift", lifted)).body).toEqual({ lifted: 1 });
    expect((await ask("/lift", lifted)).body).toEqual({ lifted: 0 });
    expect((await ask("")).body).toEqual({ entries: [domain] });
  });

  test("that are named twice are put once: the last one", async () => {
    const entries = ["first", "second"].map((note) => ({ address: "a@b.example", note }));
    expect((await ask("", { entries })).body).toEqual({ put: 1 });
    expect((await ask("")).body).toMatchObject({ entries: [{ note: "second" }] });
  });

  test.each<[string, string, unknown, string]>([
    ["an address that is none", "", { entries: [{ address: "a b" }] }, 'entries.0.address: "a b"'],
    ["none at all", "", { entries: [] }, "entries"],
    ["more than a call may have", "", { entries: entriesOf(1_001) }, "entries"],
    ["an unknown field", "/lift", { entries: [{ address: "a.example", note: "x" }] }, "note"],
  ])("are refused for %s", async (_, path, body, fault) => {
    const answer = await ask(path, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(JSON.stringify(fault).slice(1, -1));
    expect((await ask("")).body).toEqual({ entries: [] });
  });
});

describe("workers", () => {
  test("are told of a few, and find many by themselves", async () => {
    await ask("", { entries: entriesOf(100) });
    expect(worker.commands.map(({ verb }) => verb)).toEqual(["suppressions.look"]);
    await ask("", { entries: entriesOf(101) });
    expect(worker.commands).toHaveLength(1);
  });

  test("that do not answer keep no entry from being put", async () => {
    bus.serveWorker(servingWorker(() => Promise.reject(new Error("no such verb"))));
    expect(await ask("", { entries: entriesOf(1) })).toEqual({ status: 200, body: { put: 1 } });
  });
});

describe("senders' systems", () => {
  test("are told of each address, and of each that was there and is lifted", async () => {
    const entries = [
      { address: "joe@example.com", tenant: "acme", expiresAt: "2027-01-01" },
      { address: "example.com", reason: "complaint" },
    ];
    await ask("", { entries });
    const gone = ["joe@example.com", "jim@example.com"];
    const lifted = gone.map((address) => ({ address, tenant: "acme" }));
    await ask("/lift", { entries: lifted });
    const joe = { recipient: "joe@example.com", tenant: "acme", until: "2027-01-01T00:00:00.000Z" };
    expect(events.records).toMatchObject([
      { kind: "admin", action: "suppress", reason: "by-hand", ...joe },
      { kind: "admin", action: "suppress", reason: "complaint", recipient: "example.com" },
      { kind: "admin", action: "unsuppress", reason: "by-hand", ...joe },
    ]);
    expect(new Set(events.records.map(({ eventId }) => eventId)).size).toBe(3);
  });

  test("are told of an import by its number", async () => {
    await ask("", { entries: entriesOf(101) });
    expect(events.records).toMatchObject([{ kind: "admin", action: "suppress", entries: 101 }]);
  });

  test("are told nothing of what was refused, or changed nothing", async () => {
    await ask("", { entries: [{ address: "a b" }] });
    await ask("/lift", { entries: [{ address: "a.example" }] });
    expect(events.records).toEqual([]);
  });
});
