import { beforeEach, expect, test } from "bun:test";
import { AdminWorker, summaryOf } from "../../../../test/support/admin-worker.ts";
import { OperatorBench } from "../../../../test/support/cli/operator-bench.ts";

const now = 1_795_000_000_000;

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

async function explained(...args: string[]): Promise<string[]> {
  const { code, out, err } = await bench.run("explain", ...args);
  expect([code, err]).toEqual([0, ""]);
  return out.split("\n").slice(0, -1);
}

test("a destination that is down: why, since when, and until when", async () => {
  new AdminWorker(bench.bus, {
    destinations: [
      summaryOf("example.com", {
        state: "down",
        since: now - 60_000,
        nextRetryAt: now + 240_000,
        lastError: "connection refused\u001b[2J",
        sessionsMax: 1,
        backlog: 7,
        deferred: 2,
      }),
    ],
  });
  expect(await explained("Example.com")).toEqual([
    "example.com is down since 2026-11-18 11:05:40 UTC (1m): connection refused [2J",
    "The next attempt is in 4m, at 2026-11-18 11:10:40 UTC.",
    "To try at once: godwit queue retry example.com",
    "Units: 0 ready, 0 in flight, 7 waiting for the destination, 2 waiting for a time of their own. At most 1 session now.",
    "Its next hop is found by MX (no route names it).",
  ]);
});

test("a destination that is held: by whom, why, and what ends it", async () => {
  await bench.run("queue", "hold", "example.com", "--reason", "moving");
  new AdminWorker(bench.bus, { destinations: [summaryOf("example.com", { state: "held" })] });
  expect((await explained("example.com")).slice(0, 2)).toEqual([
    "example.com is held by an operator since 2026-11-18 11:06:40 UTC (0s): moving",
    "It stays so until: godwit queue release example.com",
  ]);
});

test("a destination that is open: what its last failure was", async () => {
  new AdminWorker(bench.bus, {
    destinations: [summaryOf("example.com", { inFlight: 3, lastError: "450 later" })],
  });
  expect(await explained("example.com")).toEqual([
    "example.com is open: mail is tried as it comes. The last failure was: 450 later",
    "Units: 0 ready, 3 in flight, 0 waiting for the destination, 0 waiting for a time of their own. At most 20 sessions now.",
    "Its next hop is found by MX (no route names it).",
  ]);
});

test("a destination that nobody knows, held or not", async () => {
  const idle = "Nothing waits for example.com, and nothing is known against it.";
  expect((await explained("example.com"))[0]).toBe(`${idle} Mail would be tried at once.`);
  await bench.run("queue", "hold", "example.com");
  expect(await explained("b@example.com")).toContain(idle);
});

test("an address is its own next hop", async () => {
  const way = "Its next hop is that address (no route names it).";
  expect(await explained("b@[192.0.2.1]")).toContain(way);
});

test("a destination whose mail its senders want sent later", async () => {
  const destinations = [summaryOf("example.com", { deferred: 5, scheduled: 3 })];
  new AdminWorker(bench.bus, { destinations });
  expect((await explained("example.com"))[1]).toContain(
    "5 waiting for a time of their own (3 of them scheduled by their senders).",
  );
});

test("a destination that nothing is in memory of", async () => {
  const destinations = [summaryOf("example.com", { sessionsMax: 0, deferred: 1_000 })];
  new AdminWorker(bench.bus, { destinations });
  const units =
    "Units: 0 ready, 0 in flight, 0 waiting for the destination, 1000+ waiting for a time of their own.";
  expect(await explained("example.com")).toContain(units);
});

test.each([
  ["a.example", "smtp://[::1]:2526", 'Its next hop is smtp://[::1]:2526 (route "*").'],
  ["b.example", "lmtp://127.0.0.1:24", 'Its next hop is lmtp://127.0.0.1:24 (route "b.example").'],
])("the route of %s", async (domain, nextHop, text) => {
  const pattern = domain === "a.example" ? "*" : domain;
  bench.configuration = `routes: [{ domain: "${pattern}", nextHop: "${nextHop}" }]\n`;
  expect((await explained(domain)).at(-1)).toBe(text);
});

test("explain may answer in JSON", async () => {
  const destinations = [summaryOf("example.com"), summaryOf("other.example")];
  new AdminWorker(bench.bus, { destinations });
  expect(JSON.parse((await explained("example.com", "--json")).join("\n"))).toEqual({
    destination: "example.com",
    states: destinations.slice(0, 1),
    nextHop: { by: "mx" },
  });
});

test("explain in JSON has the route's next hop", async () => {
  bench.configuration = `routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:2526" }]\n`;
  const { nextHop } = JSON.parse((await explained("example.com", "--json")).join("\n"));
  const hop = { protocol: "smtp", host: "127.0.0.1", port: 2526 };
  expect(nextHop).toEqual({ by: "route", route: "*", ...hop });
});

test("explain of a message is asked wrongly", async () => {
  expect((await bench.run("explain", "a b")).code).toBe(2);
});
