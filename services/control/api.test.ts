import { beforeEach, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { NobodyAnswers } from "#lib/leases/bus";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import { MemorySummaries } from "#lib/leases/memory-summaries";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Reason } from "#lib/role/readiness";
import { storeRecords } from "#lib/role/records";
import { MemoryStore } from "#lib/store/memory";
import { StoreUnavailable } from "#lib/store/store";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import type { MetricsFormat } from "#lib/telemetry/metrics";
import { adminAnswer } from "#proto/admin";
import type { ListedUnit } from "#proto/operator/listed-unit";
import {
  AdminWorker,
  listedUnit,
  servingWorker,
  summaryOf,
} from "../../test/support/admin-worker.ts";
import { bounceOf } from "../../test/support/bounces.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { destination, incarnation, shard, uid } from "../../test/support/records.ts";
import { type ApiPorts, controlApi } from "./api.ts";

const token = "a-token-of-our-own";
const [a, b, c] = ["A", "B", "C"].map((letter) => `01JDF8Z5T0ABCDEFGHJKMNPQR${letter}`);
const clock = new ManualClock();

let bus: LocalBus;
let store: MemoryStore;
let log: MemoryLog;
let reasons: Reason[];
let api: Hono;

beforeEach(() => {
  bus = new LocalBus({ clock });
  store = new MemoryStore({ clock });
  log = new MemoryLog({ clock, shards: 4 });
  reasons = [];
  api = apiWith({});
});

function operatorsOf(): OperatorsPorts {
  const leases = new MemoryLeases({ clock });
  const records = storeRecords(store);
  return { shards: 1, bus, records, journal: log.journal(), leases, stream: log.stream() };
}

function apiWith({ ports, ...overrides }: Partial<ApiPorts> & { ports?: Partial<OperatorsPorts> }) {
  const operators = { ...operatorsOf(), ...ports };
  return controlApi({
    operators: () => operators,
    metrics: { render: async (format?: MetricsFormat) => `in ${format}\n` },
    clock,
    log: silentLog,
    token: async () => token,
    reasons: () => reasons,
    makesToken: false,
    ...overrides,
  });
}

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await api.request(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
}

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await api.request(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

describe("health and metrics need no token", () => {
  test("alive is alive", async () => {
    const response = await api.request("/livez");
    expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
  });

  test("ready is ready", async () => {
    expect((await api.request("/readyz")).status).toBe(200);
  });

  test("not ready says why", async () => {
    reasons = [{ part: "nats", reason: "no server answers", since: 1, isBlocking: true }];
    const response = await api.request("/readyz");
    expect([response.status, await response.json()]).toEqual([503, { ready: false, reasons }]);
  });

  test("ready with a trouble that keeps no work away says so", async () => {
    reasons = [{ part: "cassandra", reason: "no host answers", since: 1, isBlocking: false }];
    const response = await api.request("/readyz");
    expect([response.status, await response.json()]).toEqual([200, { ready: true, reasons }]);
  });

  test("metrics are Prometheus' text", async () => {
    const response = await api.request("/metrics");
    expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    expect(await response.text()).toBe("in prometheus\n");
  });

  test("metrics are OpenMetrics' text for who takes that", async () => {
    // As Prometheus 3 asks.
    const accept =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    const response = await api.request("/metrics", { headers: { accept } });
    const type = "application/openmetrics-text; version=1.0.0";
    expect(response.headers.get("content-type")).toStartWith(type);
    expect(await response.text()).toBe("in openMetrics\n");
  });
});

describe("all else needs the token", () => {
  test.each([
    ["none", {}],
    ["an empty one", { authorization: "Bearer " }],
    ["a wrong one", { authorization: "Bearer wrong" }],
    ["one more letter", { authorization: `Bearer ${token}x` }],
    ["another scheme", { authorization: `Basic ${token}` }],
    ["the token alone", { authorization: token }],
  ])("%s is refused", async (_, headers) => {
    for (const url of ["/v1/queue", "/v1/trace/x", "/v1/nothing"]) {
      const response = await api.request(url, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test("the scheme's case does not matter", async () => {
    const headers = { authorization: `bearer ${token}` };
    expect((await api.request("/v1/holds", { headers })).status).toBe(200);
  });
});

describe("the queue", () => {
  test("is listed by uid, from all workers, each unit once", async () => {
    new AdminWorker(bus, { units: [listedUnit(`${c}.0`), listedUnit(`${a}.0`)] });
    new AdminWorker(bus, { units: [listedUnit(`${b}.0`), listedUnit(`${a}.0`)] });
    const { body } = await get("/v1/queue");
    expect(body).toMatchObject({
      units: [{ uid: `${a}.0` }, { uid: `${b}.0` }, { uid: `${c}.0` }],
    });
    expect(body).not.toHaveProperty("next");
  });

  test("is listed in pages", async () => {
    new AdminWorker(bus, { units: [listedUnit(`${a}.0`), listedUnit(`${c}.0`)] });
    new AdminWorker(bus, { units: [listedUnit(`${b}.0`)] });
    const first = await get("/v1/queue?limit=2");
    expect(first.body).toMatchObject({
      units: [{ uid: `${a}.0` }, { uid: `${b}.0` }],
      next: `${b}.0`,
    });
    const second = await get(`/v1/queue?limit=2&after=${b}.0`);
    expect(second.body).toMatchObject({ units: [{ uid: `${c}.0` }] });
    expect(second.body).not.toHaveProperty("next");
  });

  test("is listed for one destination, however it is written", async () => {
    const other = listedUnit(`${b}.0`, { destination: destination("other.example") });
    new AdminWorker(bus, { units: [listedUnit(`${a}.0`), other] });
    const { body } = await get("/v1/queue?destination=Other.EXAMPLE");
    expect(body).toMatchObject({ units: [{ uid: `${b}.0` }] });
  });

  test("is summed up by destination, the most waiting first", async () => {
    new AdminWorker(bus, { destinations: [summaryOf("a.example", { ready: 1 })] });
    new AdminWorker(bus, {
      destinations: [summaryOf("b.example", { backlog: 5, state: "down", lastError: "refused" })],
    });
    const { body } = await get("/v1/queue/summary");
    expect(body).toMatchObject({
      destinations: [
        { destination: "b.example", state: "down", lastError: "refused", backlog: 5 },
        { destination: "a.example" },
      ],
    });
  });

  test("shows the units of a message and its header section", async () => {
    const units = [listedUnit(`${a}.0`), listedUnit(`${a}.1`), listedUnit(`${b}.0`)];
    new AdminWorker(bus, { units, headerSection: "Subject: x\r\n" });
    new AdminWorker(bus);
    expect((await get(`/v1/queue/${a}`)).body).toMatchObject({
      units: [{ uid: `${a}.0` }, { uid: `${a}.1` }],
      headerSection: "Subject: x\r\n",
    });
    expect((await get(`/v1/queue/${a}.1`)).body).toMatchObject({ units: [{ uid: `${a}.1` }] });
  });

  test("knows nothing of a message that is not in it", async () => {
    new AdminWorker(bus);
    expect(await get(`/v1/queue/${a}`)).toEqual({
      status: 404,
      body: { error: `nothing of ${a} is in the queue` },
    });
  });

  test("explains where each unit of a message stands, once", async () => {
    const unit = listedUnit(`${a}.0`);
    const standing = { place: "backlog", reason: "hold" } as const;
    new AdminWorker(bus, {
      explained: [{ unit, standing }],
      destinations: [summaryOf("example.com", { state: "held" })],
    });
    new AdminWorker(bus, { explained: [{ unit, standing }] });
    const { status, body } = await get(`/v1/queue/${a}/explain`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      units: [{ unit: { uid: `${a}.0` }, standing }],
      destinations: [{ destination: "example.com", state: "held" }],
      parked: [],
    });
    expect(await get("/v1/queue/x/explain")).toMatchObject({ status: 400 });
  });

  test("explains what is no unit any more, or not yet", async () => {
    new AdminWorker(bus, {});
    const parked = { shard: shard(0), at: 1, reason: "no msgpack", record: new Uint8Array() };
    await store.park({ ...parked, sequence: 1, uid: `${a}.0` });
    await store.park({ ...parked, sequence: 2, uid: `${b}.0` });
    const splits = { waiting: 3, inFlight: 0 };
    api = apiWith({ ports: { splitBacklog: async () => splits } });
    const explained = async (id: string) => (await get(`/v1/queue/${id}/explain`)).body;
    const told = { uid: `${a}.0`, at: 1, reason: "no msgpack" };
    for (const id of [String(a), `${a}.0`]) {
      expect(await explained(id)).toEqual({ units: [], destinations: [], parked: [told] });
    }
    expect(await explained(`${a}.1`)).toEqual({ units: [], destinations: [], parked: [], splits });
  });

  test("explains what is in memory while the store is away", async () => {
    const unit = listedUnit(`${a}.0`);
    new AdminWorker(bus, { explained: [{ unit, standing: { place: "trying" } }] });
    const parked = () => Promise.reject(new StoreUnavailable("Cannot use the store"));
    api = apiWith({ ports: { records: { ...storeRecords(store), parked } } });
    const { body } = await get(`/v1/queue/${a}/explain`);
    expect(body).toMatchObject({ units: [{ standing: { place: "trying" } }] });
    expect(body).not.toHaveProperty("parked");
  });

  test("of a worker that answers nonsense is left out", async () => {
    bus.serveWorker(servingWorker(async () => ({ units: "many" })));
    bus.serveWorker(servingWorker(() => Promise.reject(new Error("no"))));
    new AdminWorker(bus, { units: [listedUnit(`${a}.0`)] });
    expect((await get("/v1/queue")).body).toMatchObject({ units: [{ uid: `${a}.0` }] });
  });
});

describe("commands", () => {
  test.each(["retry", "cancel"])(
    "%s is told to all workers, and what changed is summed",
    async (verb) => {
      const one = new AdminWorker(bus, { units: [listedUnit(`${a}.0`)] });
      const two = new AdminWorker(bus, { units: [listedUnit(`${b}.0`)] });
      const answer = await post(`/v1/queue/${verb}`, { destination: "example.com" });
      expect(answer).toEqual({ status: 200, body: { units: 2, destinations: 2 } });
      const told = { verb: `queue.${verb}`, arguments: { destination: "example.com" } };
      expect([one.commands, two.commands]).toEqual([[told], [told]]);
    },
  );

  test("retry and cancel take a message, too", async () => {
    const worker = new AdminWorker(bus, { units: [listedUnit(`${a}.0`)] });
    expect((await post("/v1/queue/cancel", { id: a?.toLowerCase() })).body).toMatchObject({
      units: 1,
    });
    expect(worker.commands).toEqual([{ verb: "queue.cancel", arguments: { id: `${a}` } }]);
  });

  test("hold is in the store before the workers hear of it, and release takes it out", async () => {
    const worker = new AdminWorker(bus);
    await post("/v1/queue/hold", { destination: "Example.com", reason: "moving" });
    const hold = { destination: destination("example.com"), reason: "moving", since: clock.now() };
    expect(await store.holds()).toEqual([hold]);
    expect((await get("/v1/holds")).body).toEqual({ holds: [hold] });
    await post("/v1/queue/release", { destination: "example.com" });
    expect(await store.holds()).toEqual([]);
    expect(worker.commands.map(({ verb }) => verb)).toEqual(["queue.hold", "queue.release"]);
  });

  test("hold is kept although no worker answers", async () => {
    const answer = await post("/v1/queue/hold", { destination: "example.com" });
    const body = { units: 0, destinations: 0, unanswered: { shards: [0], workers: [] } };
    expect(answer).toEqual({ status: 200, body });
    expect(await store.holds()).toHaveLength(1);
  });

  test("are in the log", async () => {
    const events: unknown[] = [];
    const info = (event: string, fields: unknown) => void events.push([event, fields]);
    api = apiWith({ log: { ...silentLog, info } });
    new AdminWorker(bus);
    await post("/v1/queue/retry", { destination: "example.com" });
    const fields = { verb: "queue.retry", destination: "example.com", units: 0, destinations: 0 };
    expect(events).toEqual([["operator_command", fields]]);
  });
});

const answerOf = (units: readonly ListedUnit[]) => adminAnswer("queue.show", { units });

describe("a shard that nobody answers for", () => {
  const silent = { shards: [0], workers: [{ name: "worker/1", reason: "no" }] };

  beforeEach(() => {
    bus.serveWorker(servingWorker(() => Promise.reject(new Error("no"))));
  });

  test("is told of, with who should have answered", async () => {
    expect((await get("/v1/queue")).body).toEqual({ units: [], unanswered: silent });
    expect((await post("/v1/queue/retry", { id: a })).body).toMatchObject({ unanswered: silent });
  });

  test("is told as its lease has it: whose it is, or was", async () => {
    const leases = new MemoryLeases({ clock });
    api = apiWith({ ports: { leases, shards: 3 } });
    bus.serveWorker({ ...servingWorker(async () => answerOf([])), name: incarnation("here/1") });
    await leases.claim(shard(0), incarnation("worker/1"), undefined);
    await leases.claim(shard(1), incarnation("gone/1"), undefined);
    const { body } = await get(`/v1/queue/${a}`);
    expect(body).toMatchObject({ units: [], unanswered: { shards: [1, 2] } });
    expect(Object(body).unanswered.workers).toEqual([
      { name: "worker/1", reason: "no" },
      { name: "gone/1", reason: expect.stringContaining("others take"), shards: [1] },
    ]);
  });

  test("is told of when its owner could not read all of it, beside what it has", async () => {
    const leases = new MemoryLeases({ clock });
    bus = new LocalBus({ clock });
    api = apiWith({ ports: { leases, bus } });
    await leases.claim(shard(0), incarnation("worker/1"), undefined);
    const unread = { shards: [shard(0)], reason: "the store is away" };
    const units = [listedUnit(`${a}.0`)];
    bus.serveWorker(servingWorker(async () => adminAnswer("queue.list", { units, unread })));
    const workers = [{ name: "worker/1", reason: "the store is away", shards: [0] }];
    expect((await get("/v1/queue")).body).toEqual({ units, unanswered: { shards: [0], workers } });
  });

  test("may have what is not found elsewhere", async () => {
    expect(await get(`/v1/queue/${a}`)).toEqual({
      status: 200,
      body: { units: [], unanswered: silent },
    });
  });

  test("is shown as its owner told it last", async () => {
    const summaries = new MemorySummaries();
    const told = { destinations: [summaryOf("example.com"), summaryOf("other.example")] };
    const summary = adminAnswer("queue.summary", told);
    await summaries.tell(shard(0), { at: 7, summary });
    api = apiWith({ ports: { summaries } });
    const { body } = await get("/v1/queue/summary?destination=example.com");
    expect(body).toEqual({
      destinations: [{ ...summaryOf("example.com"), asOf: 7 }],
      unanswered: silent,
    });
  });

  test("is still told of when the last summary is not to be had", async () => {
    const last = () => Promise.reject(new Error("away"));
    api = apiWith({ ports: { summaries: { last } } });
    const { body } = await get("/v1/queue/summary");
    expect(body).toEqual({ destinations: [], unanswered: silent });
  });
});

describe("a node that is not ready", () => {
  test("says why it cannot answer operators", async () => {
    reasons = [{ part: "nats", reason: "no server answers", since: 1, isBlocking: true }];
    api = apiWith({ operators: () => undefined });
    expect(await get("/v1/queue")).toEqual({
      status: 503,
      body: { error: "this node is not ready; nats: no server answers" },
    });
  });

  test("without a store says so", async () => {
    api = apiWith({ operators: () => ({ ...operatorsOf(), records: undefined }) });
    const body = { error: "the store is not joined yet: /readyz says why" };
    expect(await get("/v1/holds")).toEqual({ status: 503, body });
    expect(await post("/v1/queue/hold", { destination: "a.example" })).toEqual({
      status: 503,
      body,
    });
  });

  test("without a token answers nobody", async () => {
    api = apiWith({ token: async () => undefined });
    expect((await get("/v1/queue")).status).toBe(503);
  });
});

describe("records", () => {
  test("a trace has the events of the message, and not those of one whose id begins alike", async () => {
    const writer = incarnation("w/1");
    const event = {
      at: 1,
      shard: shard(0),
      sequence: 1,
      destination: destination("example.com"),
      disposition: "delivered" as const,
      recipients: [],
      attempt: 1,
    };
    const units = [`${a}.1`, `${a}.11`, `${b}.0`].map(uid);
    await log.journal().append(
      writer,
      units.map((unit) => ({ ...event, uid: unit })),
    );
    const uids = async (id: string) => {
      const { body } = await get(`/v1/trace/${id}`);
      return Object(body).events.map((e: { uid: string }) => e.uid);
    };
    expect(await uids(`${a}`)).toEqual([`${a}.1`, `${a}.11`]);
    expect(await uids(`${a}.1`)).toEqual([`${a}.1`]);
    expect(await uids(`${c}`)).toEqual([]);
  });

  test("bounces are found by destination and time", async () => {
    const bounce = bounceOf({ uid: uid(`${a}.0`) });
    await store.recordBounces([bounce]);
    expect((await get("/v1/bounces")).body).toEqual({ bounces: [bounce] });
    const found = (query: string) => get(`/v1/bounces?${query}`).then(({ body }) => body);
    expect(await found("destination=example.com&since=2026-11-18")).toEqual({ bounces: [bounce] });
    expect(await found("destination=other.example")).toEqual({ bounces: [] });
    expect(await found("since=1795000000001")).toEqual({ bounces: [] });
    expect(await found("until=1795000000000")).toEqual({ bounces: [] });
    expect(await found(`message=${a}.0&recipient=B@Example.com`)).toEqual({ bounces: [bounce] });
    expect(await found("class=virus")).toEqual({ bounces: [] });
  });

  test("bounces come in pages, as JSON and as CSV", async () => {
    const bounces = [1, 2, 3].map((at) => bounceOf({ at, path: `b${at}@example.com` }));
    await store.recordBounces(bounces);
    const { body } = await get("/v1/bounces?limit=2");
    expect(body).toMatchObject({ bounces: bounces.slice(0, 2) });
    const cursor = String(Object(body).next);
    expect((await get(`/v1/bounces?limit=2&cursor=${cursor}`)).body).toEqual({
      bounces: bounces.slice(2),
    });
    const headers = { authorization: `Bearer ${token}` };
    const csv = (query: string) => api.request(`/v1/bounces?format=csv&${query}`, { headers });
    const first = await csv("limit=2");
    expect(first.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const next = first.headers.get("godwit-next");
    const rest = await csv(`limit=2&cursor=${next}`);
    expect(rest.headers.get("godwit-next")).toBeNull();
    const lines = (await first.text()) + (await rest.text());
    expect(lines.split("\r\n").map((line) => line.split(",")[4])).toEqual([
      "recipient",
      "b1@example.com",
      "b2@example.com",
      "b3@example.com",
      undefined,
    ]);
  });

  test("bounces are counted, and those of no class listed by their words", async () => {
    const quota = bounceOf({ at: 1, class: "quota", tenant: "acme" });
    const unknown = bounceOf({
      at: 2,
      class: "unknown",
      text: "No, b@example.com",
      kind: "expired",
    });
    await store.recordBounces([quota, unknown]);
    const count = (of: string) => ({ day: 0, class: of, count: 1 });
    expect((await get("/v1/bounces/counts")).body).toEqual({
      counts: [count("quota"), count("unknown")],
    });
    expect((await get("/v1/bounces/counts?tenant=acme")).body).toEqual({
      counts: [count("quota")],
    });
    expect((await get("/v1/bounces/unknown")).body).toEqual({
      texts: [{ text: "550 5.1.1 no, <address>", count: 1, lastAt: 2, example: unknown.text }],
    });
  });

  test("what could not be read is shown as it is", async () => {
    const parked = { shard: shard(1), sequence: 7, uid: "x", at: 1, reason: "no msgpack" };
    await store.park({ ...parked, record: new Uint8Array([0xdc, 0]) });
    expect((await get("/v1/parked")).body).toEqual({
      parked: [{ ...parked, recordBase64: "3AA=" }],
    });
  });
});

describe("what is asked wrongly is told", () => {
  test.each([
    ["/v1/queue?limit=0", "limit: must be at least 1"],
    ["/v1/queue?limit=5000", "limit: must be at most 1000"],
    ["/v1/queue?limit=x", "limit: is no number"],
    ["/v1/queue?after=x", 'after: "x" is no queue id'],
    ["/v1/queue?destination=a%20b", 'destination: "a b" is no domain'],
    ["/v1/queue/x", '"x" is no queue id'],
    ["/v1/trace/x", '"x" is no queue id'],
    ["/v1/bounces?since=never", 'since: "never" is no time'],
    ["/v1/bounces?cursor=never", "cursor: is no cursor"],
    ["/v1/bounces?message=x", 'message: "x" is no queue id'],
    ["/v1/bounces?after=2026-11-18", 'Unrecognized key: "after"'],
    [
      "/v1/bounces/counts?destination=a.example&tenant=acme",
      "counts are of a destination, or of a tenant and its campaigns",
    ],
  ])("GET %s", async (url, error) => {
    expect(await get(url)).toEqual({ status: 400, body: { error } });
  });

  test.each([
    ["/v1/queue/retry", "no json", "the body is no JSON"],
    ["/v1/queue/retry", { id: "x" }, 'id: "x" is no queue id'],
    ["/v1/queue/retry", { destination: "a b" }, 'destination: "a b" is no domain'],
    ["/v1/queue/hold", { id: "x" }, "only a destination is held and released, not a message"],
    ["/v1/queue/release", { id: "x" }, "only a destination is held and released, not a message"],
  ])("POST %s with %p", async (url, body, error) => {
    expect(await post(url, body)).toEqual({ status: 400, body: { error } });
  });

  test.each([{}, null, [], { destination: "a.example", id2: 1 }])("POST with %p", async (body) => {
    expect((await post("/v1/queue/cancel", body)).status).toBe(400);
  });

  test.each(["/nothing", "/v1/nothing"])("%s is not there", async (url) => {
    expect(await get(url)).toEqual({ status: 404, body: { error: `there is no ${url} here` } });
  });
});

describe("what fails behind it", () => {
  test.each([
    ["the store", new StoreUnavailable("timeout"), 503, "the store is away"],
    ["a worker's store", new NobodyAnswers("none"), 503, "no worker answers"],
    ["anything", new Error("secret detail"), 500, "internal error: the log has it"],
  ])("%s is told without details", async (_, error, status, text) => {
    const failing = () => Promise.reject(error);
    api = apiWith({
      ports: {
        records: {
          putHold: failing,
          dropHold: failing,
          holds: failing,
          dropMeasure: failing,
          measures: failing,
          bounces: failing,
          countBounces: failing,
          unknownBounces: failing,
          parked: failing,
          putSuppressions: failing,
          liftSuppressions: failing,
          findSuppressions: failing,
          suppressionsOf: failing,
          suppressions: failing,
        },
      },
    });
    expect(await get("/v1/holds")).toEqual({ status, body: { error: text } });
    expect((await post("/v1/queue/hold", { destination: "a.example" })).status).toBe(status);
  });
});
