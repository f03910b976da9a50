import { beforeEach, describe, expect, test } from "bun:test";
import { makeQueueId } from "#lib/queue/queue-id";
import { systemRandom } from "#lib/random";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { Standing } from "#proto/operator/standing";
import { AdminWorker, listedUnit, summaryOf } from "../../../../test/support/admin-worker.ts";
import { OperatorBench } from "../../../../test/support/cli/operator-bench.ts";
import { destination, incarnation, shard, uid } from "../../../../test/support/records.ts";

const now = 1_795_000_000_000;
const id = makeQueueId(now - 3_600_000, systemRandom);
const example = destination("example.com");

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

async function explained(text: string = id): Promise<string[]> {
  const { code, out, err } = await bench.run("explain", text);
  expect([code, err]).toEqual([0, ""]);
  return out.split("\n").slice(0, -1);
}

function standing(at: Standing, overrides: Partial<ListedUnit> = {}) {
  const times = { acceptedAt: now - 3_600_000, expiresAt: now + 86_400_000 };
  return { unit: listedUnit(`${id}.0`, { ...times, ...overrides }), standing: at };
}

const wait = {
  ready: 7,
  kind: "messages",
  name: "google",
  value: "10/min",
  scope: ["provider"],
  provenance: "shaping.yaml:3",
  since: now - 60_000,
  until: now + 5_000,
};
const bind =
  '7 units: messages 10/min for each provider ("google", shaping.yaml:3) bind since 2026-11-18 11:05:40 UTC (1m); the next may go in 5s.';

test("in a lane: the limit that binds, in the words of its destination's", async () => {
  new AdminWorker(bench.bus, {
    explained: [standing({ place: "lane", reason: "messages", ahead: 3, wait })],
    destinations: [summaryOf("example.com", { ready: 7, waits: [wait] })],
  });
  const lines = await explained();
  expect(lines).toEqual([
    `${id}.0 to example.com (0 attempts, accepted 1h ago, expires in 1d):`,
    "  waits in memory for example.com behind 3 others of its kind, with",
    `  ${bind}`,
    "  <b@example.com>: not tried yet",
    "",
    "example.com is open, but not all may go now.",
    bind,
    expect.stringMatching(/^Units: 7 ready/),
    "Its next hop is found by MX (no route names it).",
  ]);
  expect((await bench.run("explain", "example.com")).out).toContain(bind);
});

test.each<[string, Standing, Partial<ListedUnit>, string]>([
  [
    "at a host",
    { place: "trying", host: "mx1.example.com[192.0.2.1]" },
    {},
    "is being tried now at mx1.example.com[192.0.2.1]",
  ],
  ["on the way there", { place: "trying" }, {}, "is being tried: its hosts are being looked up"],
  [
    "in the wheel",
    { place: "wheel", reason: "schedule" },
    { nextAttemptAt: now + 300_000 },
    "waits for its next attempt in 5m, at 2026-11-18 11:11:40 UTC",
  ],
  [
    "in the wheel, for its sender's time",
    { place: "wheel", reason: "scheduled" },
    { notBefore: now + 300_000, nextAttemptAt: now + 300_000 },
    "is scheduled by its sender: it is not tried before 2026-11-18 11:11:40 UTC, in 5m " +
      `(godwit queue retry ${id}.0 sends it now)`,
  ],
  [
    "behind others",
    { place: "backlog", reason: "backlog" },
    {},
    "waits in the store for example.com, behind what came before it",
  ],
  [
    "at a destination that is down",
    { place: "backlog", reason: "down" },
    { nextAttemptAt: now + 60_000 },
    "waits in the store for example.com, which is down, and is tried in 1m",
  ],
  [
    "that an operator holds",
    { place: "backlog", reason: "hold" },
    {},
    "waits in the store for example.com, which an operator holds",
  ],
  [
    "between two places",
    { place: "writing" },
    {},
    "is in memory: its content is being read, or what came of it or where it waits is being written",
  ],
  [
    "for a session",
    { place: "lane", reason: "window" },
    {},
    "waits in memory for example.com: example.com has as many sessions as are sensible now",
  ],
  [
    "for what a later version knows",
    { place: "lane", reason: "moonrise" },
    {},
    "waits in memory for example.com: moonrise",
  ],
  [
    "as a suspect",
    { place: "suspect", reason: "store" },
    {},
    "is in doubt: an owner of the shard that died may have deferred it; the store, which knows, does not answer",
  ],
])("a unit %s", async (_, at, overrides, text) => {
  new AdminWorker(bench.bus, { explained: [standing(at, overrides)] });
  expect((await explained(`${id}.0`))[1]).toBe(`  ${text}`);
});

test("what its recipients heard last, and nothing that moves the cursor", async () => {
  const recipient = {
    path: "b@example.com",
    code: 450,
    status: "4.2.1",
    text: "busy\u001b[2J",
  } as const;
  const recipients = [{ ...recipient, remote: "mx1[192.0.2.1]", at: now - 60_000 }];
  const wheel = { place: "wheel", reason: "schedule" } as const;
  new AdminWorker(bench.bus, { explained: [standing(wheel, { recipients, attempts: 1 })] });
  const lines = await explained();
  expect(lines[0]).toContain("(1 attempt, ");
  expect(lines[2]).toBe(
    "  <b@example.com>: last at 2026-11-18 11:05:40 UTC by mx1[192.0.2.1]: 450 4.2.1 busy [2J",
  );
});

test("a destination that is held is explained with who ends it", async () => {
  new AdminWorker(bench.bus, {
    explained: [standing({ place: "backlog", reason: "hold" })],
    destinations: [
      summaryOf("example.com", { state: "held", lastError: "moving", since: now - 60_000 }),
    ],
  });
  expect(await explained()).toContain("It stays so until: godwit queue release example.com");
});

test("a destination is not explained to what does not wait for it", async () => {
  new AdminWorker(bench.bus, {
    explained: [standing({ place: "wheel", reason: "schedule" })],
    destinations: [summaryOf("example.com", { ready: 7 })],
  });
  expect(await explained()).toHaveLength(3);
});

test("one that was parked, and why", async () => {
  const record = new Uint8Array([1]);
  const parked = { shard: shard(0), sequence: 4, at: now, reason: "unknown version", record };
  await bench.store.park({ ...parked, uid: `${id}.0` });
  expect(await explained()).toEqual([
    `${id}.0 was parked at 2026-11-18 11:06:40 UTC and is tried no more: unknown version (godwit queue parked)`,
  ]);
});

describe("a message that is not in the queue", () => {
  test("and has ended: what became of each recipient", async () => {
    const common = { at: now - 60_000, shard: shard(0), sequence: 1, uid: uid(`${id}.0`) };
    const reply = {
      path: "b@example.com",
      outcome: "delivered" as const,
      code: 250,
      text: "2.0.0 ok",
    };
    const event = { ...common, destination: example, recipients: [reply], attempt: 1 };
    await bench.log
      .journal()
      .append(incarnation("w/1"), [
        { ...event, disposition: "delivered" as const, remote: "mx1[192.0.2.1]" },
      ]);
    expect(await explained()).toEqual([
      `Nothing of ${id} is in the queue. What is known last (godwit trace ${id}):`,
      "<b@example.com>: delivered at 2026-11-18 11:05:40 UTC by mx1[192.0.2.1]: 250 2.0.0 ok",
    ]);
    const { events } = JSON.parse((await bench.run("explain", id, "--json")).out);
    expect(events).toHaveLength(1);
  });

  test("but may not be fanned out yet: only one that is as young as those", async () => {
    bench.splitBacklog = async () => ({ waiting: 3, inFlight: 1, oldestMs: 2 * 3_600_000 });
    expect(await explained()).toEqual([
      `${id} may be a message to several destinations that is not fanned out yet: 4 are waiting for that.`,
    ]);
    bench.splitBacklog = async () => ({ waiting: 3, inFlight: 1, oldestMs: 60_000 });
    expect((await bench.run("explain", id)).code).toBe(1);
  });

  test("but may not be fanned out yet, for all that is known", async () => {
    bench.splitBacklog = () => Promise.reject(new Error("NATS is away"));
    expect(await explained()).toEqual([
      `${id} may be a message to several destinations that is not fanned out yet: how many there are is not known now.`,
    ]);
  });

  test("and was cancelled before anybody was tried", async () => {
    const event = { at: now - 60_000, shard: shard(0), sequence: 1, uid: uid(`${id}.0`) };
    const cancelled = { disposition: "cancelled" as const, recipients: [], attempt: 0 };
    await bench.log
      .journal()
      .append(incarnation("w/1"), [{ ...event, destination: example, ...cancelled }]);
    expect(await explained()).toEqual([
      `Nothing of ${id} is in the queue. What is known last (godwit trace ${id}):`,
      "cancelled, at 2026-11-18 11:05:40 UTC",
    ]);
  });

  test("and of which nothing is known", async () => {
    const { code, err } = await bench.run("explain", id);
    expect(code).toBe(1);
    expect(err).toContain(`Nothing is known of ${id}`);
  });

  test("as far as those answer who are there", async () => {
    bench.idleWorker.leave();
    const { code, out, err } = await bench.run("explain", id);
    expect([code, out]).toEqual([0, `Nothing of ${id} was found by who answered.\n`]);
    expect(err).toStartWith("No full answer for shard 0:");
  });
});

test("JSON has the units with where they stand", async () => {
  new AdminWorker(bench.bus, { explained: [standing({ place: "trying" })] });
  const { out } = await bench.run("explain", id.toLowerCase(), "--json");
  expect(JSON.parse(out)).toMatchObject({
    id,
    units: [{ unit: { uid: `${id}.0` }, standing: { place: "trying" } }],
    destinations: [],
    parked: [],
  });
});
