import { beforeEach, describe, expect, test } from "bun:test";
import type { BusRequest } from "#lib/leases/bus";
import { adminAnswer, readAdminArguments } from "#proto/admin";
import {
  AdminWorker,
  listedUnit,
  servingWorker,
  summaryOf,
} from "../../../test/support/admin-worker.ts";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { destination, uid } from "../../../test/support/records.ts";

const [a, b, c] = ["A", "B", "C"].map((letter) => `01JDF8Z5T0ABCDEFGHJKMNPQR${letter}`);
const now = 1_795_000_000_000;
const other = destination("other.example");

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

describe("queue list", () => {
  test("has a row a unit", async () => {
    const recipients = [
      {
        path: "b@example.com",
        status: "4.2.1" as const,
        code: 450,
        text: "4.2.1 full\r\n\u001b[2J",
      },
      { path: "c@example.com" },
    ];
    const nextAttemptAt = now + 300_000;
    new AdminWorker(bench.bus, {
      units: [
        listedUnit(`${a}.0`, { state: "deferred", attempts: 2, nextAttemptAt, recipients }),
        listedUnit(`${b}.0`, { destination: other, reversePath: "" }),
      ],
    });
    const { code, out } = await bench.run("queue", "list");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "ID                            STATE     NEXT         TRIES  AGE  SIZE     FROM                TO                  LAST REPLY",
      `${a}.0  deferred  in 5m        2      0s   4.0 KiB  <a@source.example>  <b@example.com> +1  450 4.2.1 full [2J`,
      `${b}.0  ready     in its turn  0      0s   4.0 KiB  <>                  <b@example.com>`,
      "",
    ]);
  });

  test.each([
    ["its destination's timer", { nextAttemptAt: now + 300_000 }, "in 5m"],
    ["or with it, when that has none", {}, "with its destination"],
  ])("tells when what is in a backlog is tried: %s", async (_, timer, next) => {
    new AdminWorker(bench.bus, { units: [listedUnit(`${a}.0`, { state: "backlog", ...timer })] });
    const { out } = await bench.run("queue", "list");
    expect(out).toContain(` backlog  ${next}  `);
  });

  test("tells what its sender wants sent later, also while it is on its way to the store", async () => {
    const notBefore = now + 3 * 86_400_000;
    new AdminWorker(bench.bus, {
      units: [
        listedUnit(`${a}.0`, { state: "deferred", notBefore, nextAttemptAt: notBefore }),
        listedUnit(`${b}.0`, { notBefore }),
        listedUnit(`${c}.0`, { state: "deferred", notBefore: now, nextAttemptAt: now + 60_000 }),
      ],
    });
    const { out } = await bench.run("queue", "list");
    expect(out).toContain(`${a}.0  scheduled  in 3d  0 `);
    expect(out).toContain(`${b}.0  scheduled  in 3d  0 `);
    expect(out).toContain(`${c}.0  deferred   in 1m  0 `);
  });

  test("may be of one destination, and as JSON", async () => {
    const units = [listedUnit(`${a}.0`), listedUnit(`${b}.0`, { destination: other })];
    new AdminWorker(bench.bus, { units });
    const { out } = await bench.run("queue", "list", "--json", "Other.EXAMPLE");
    expect(JSON.parse(out)).toEqual({ units: units.slice(1) });
  });

  test("goes on behind what was shown", async () => {
    const units = [a, b, c].map((id) => listedUnit(`${id}.0`));
    new AdminWorker(bench.bus, { units });
    const first = await bench.run("queue", "list", "--limit", "2");
    expect(first.out.split("\n")).toHaveLength(4);
    expect(first.err).toBe(`2 are shown, more may wait: --after ${b}.0, or a higher --limit\n`);
    const second = await bench.run("queue", "list", "--limit", "2", "--after", `${b}.0`);
    expect(second).toMatchObject({ out: expect.stringContaining(`${c}.0`), err: "" });
  });

  test("asks for as many pages as it takes", async () => {
    const units = Array.from({ length: 1_200 }, (_, i) => listedUnit(`${a}.${10_000 + i}`));
    new AdminWorker(bench.bus, { units });
    const { out, err } = await bench.run("queue", "list", "--limit", "1100", "--json");
    expect(JSON.parse(out).units).toHaveLength(1_100);
    expect(err).toBe("");
    expect(bench.requests.map((request) => request.split("?")[1])).toEqual([
      "limit=1000",
      `after=${a}.10999&limit=100`,
    ]);
  });

  test("goes on where a worker had no time to look further, and tells when it gives up", async () => {
    const looked: (string | undefined)[] = [];
    let isInTime = true;
    const handler = async ({ arguments: args }: BusRequest) => {
      const { after } = readAdminArguments("queue.list", args);
      looked.push(after);
      // Nobody waits so long for an answer.
      if (!isInTime) bench.passedMs += 60_000;
      const found = after === uid(`${a}.0`) ? [listedUnit(`${b}.0`)] : [];
      const next = after === undefined ? { next: uid(`${a}.0`) } : {};
      return adminAnswer("queue.list", { units: found, ...next });
    };
    bench.bus.serveWorker(servingWorker(handler));
    const all = await bench.run("queue", "list");
    expect(all).toMatchObject({ out: expect.stringContaining(`${b}.0`), err: "" });
    expect(looked).toEqual([undefined, uid(`${a}.0`)]);
    isInTime = false;
    expect(await bench.run("queue", "list")).toEqual({
      code: 0,
      out: "",
      err:
        "None was found yet: not all that waits could be looked through in time. " +
        `To go on: --after ${a}.0\n`,
    });
  });

  test("says when there is nothing", async () => {
    expect(await bench.run("queue", "list")).toEqual({ code: 0, out: "", err: "Nothing waits.\n" });
  });
});

describe("queue summary", () => {
  test("has a row a destination", async () => {
    const down = { state: "down", nextRetryAt: now + 60_000, lastError: "refused" } as const;
    new AdminWorker(bench.bus, {
      destinations: [
        summaryOf("a.example", { ready: 1 }),
        summaryOf("b.example", { ...down, backlog: 5 }),
      ],
    });
    const { out } = await bench.run("queue", "summary");
    expect(out.split("\n")).toEqual([
      "DESTINATION  STATE  NEXT   READY  IN FLIGHT  BACKLOG  DEFERRED  LAST ERROR",
      "b.example    down   in 1m  0      0          5        0         refused",
      "a.example    open          1      0          0        0",
      "",
    ]);
  });

  test("may be of one destination, and as JSON", async () => {
    const destinations = [summaryOf("a.example"), summaryOf("b.example")];
    new AdminWorker(bench.bus, { destinations });
    const { out } = await bench.run("queue", "summary", "b.example", "--json");
    expect(JSON.parse(out)).toEqual({ destinations: destinations.slice(1) });
  });
});

describe("queue show", () => {
  test("tells all of a message", async () => {
    const remote = "mx1.example.com[192.0.2.1]";
    const failed = { status: "4.2.1", code: 450, text: "full", remote, at: now - 60_000 } as const;
    new AdminWorker(bench.bus, {
      units: [
        listedUnit(`${a}.0`, {
          state: "deferred",
          attempts: 1,
          nextAttemptAt: now + 240_000,
          recipients: [{ path: "b@example.com", ...failed }],
          tenant: "acme",
        }),
        listedUnit(`${a}.1`, { destination: other, state: "backlog" }),
      ],
      headerSection: "Subject: \u001b]0;x\u0007y\r\nTo: b\r\n",
    });
    const { out } = await bench.run("queue", "show", `${a}`);
    expect(out).toBe(`Message   ${a}
From      <a@source.example>
Tenant    acme
Size      4.0 KiB
Accepted  2026-11-18 11:06:40 UTC (0s ago)
Expires   2026-11-23 11:06:40 UTC (in 5d)

Unit         ${a}.0
Destination  example.com
State        deferred: next attempt in 4m, 2026-11-18 11:10:40 UTC (1 attempt)
RECIPIENT        LAST ATTEMPT             HOST                        REPLY
<b@example.com>  2026-11-18 11:05:40 UTC  mx1.example.com[192.0.2.1]  450 4.2.1 full

Unit         ${a}.1
Destination  other.example
State        backlog: it waits with its destination (godwit explain other.example) (0 attempts)
RECIPIENT        LAST ATTEMPT  HOST  REPLY
<b@example.com>

Subject:  ]0;x y
To: b
`);
  });

  test("tells until when a message is scheduled, and how to send it now", async () => {
    const notBefore = now + 3 * 86_400_000;
    const scheduled = { state: "deferred", notBefore, nextAttemptAt: notBefore } as const;
    new AdminWorker(bench.bus, { units: [listedUnit(`${a}.0`, scheduled)] });
    const { out } = await bench.run("queue", "show", `${a}`);
    expect(out).toContain("Scheduled  not before 2026-11-21 11:06:40 UTC (in 3d)\n");
    expect(out).toContain(
      "State        scheduled: next attempt in 3d, 2026-11-21 11:06:40 UTC " +
        `(godwit queue retry ${a}.0 sends it now) (0 attempts)\n`,
    );
  });

  test("may show one unit, and as JSON", async () => {
    const units = [listedUnit(`${a}.0`), listedUnit(`${a}.1`)];
    new AdminWorker(bench.bus, { units, headerSection: "Subject: x\r\n" });
    const { out } = await bench.run("queue", "show", `${a}.1`.toLowerCase(), "--json");
    expect(JSON.parse(out)).toEqual({ units: units.slice(1), headerSection: "Subject: x\r\n" });
  });

  test("of what is not there fails", async () => {
    const err = `Nothing of ${a} is in the queue. What became of it: godwit trace ${a}\n`;
    expect(await bench.run("queue", "show", `${a}`)).toEqual({ code: 1, out: "", err });
  });
});

describe("commands", () => {
  test.each([
    ["retry", [], "2 units are due now, 2 destinations no longer count as down\n"],
    ["cancel", ["--yes"], "2 units are cancelled\n"],
  ])("%s of a destination", async (verb, confirmation, text) => {
    const workers = [a, b].map(
      (id) => new AdminWorker(bench.bus, { units: [listedUnit(`${id}.0`)] }),
    );
    const { code, out } = await bench.run("queue", verb, ...confirmation, "Example.com");
    expect([code, out]).toEqual([0, text]);
    const told = { verb: `queue.${verb}`, arguments: { destination: destination("example.com") } };
    expect(workers.map(({ commands }) => commands)).toEqual([[told], [told]]);
  });

  test.each([
    ["retry", "due now"],
    ["cancel", "cancelled"],
  ])("%s of a message", async (verb, did) => {
    const worker = new AdminWorker(bench.bus, { units: [listedUnit(`${a}.0`)] });
    expect(await bench.run("queue", verb, `${a}`)).toEqual({
      code: 0,
      out: `1 unit is ${did}\n`,
      err: "",
    });
    expect(worker.commands).toEqual([{ verb: `queue.${verb}`, arguments: { id: `${a}` } }]);
    const { code, err } = await bench.run("queue", verb, `${b}`);
    expect(code).toBe(1);
    expect(err).toStartWith(`Nothing of ${b} is in the queue.`);
  });

  test("retry that changes nothing says why", async () => {
    const unit = listedUnit(`${a}.0`, { state: "backlog" });
    const nothing = { units: 0, destinations: 0 };
    bench.answer = ({ method }) => Response.json(method === "POST" ? nothing : { units: [unit] });
    const { code, out } = await bench.run("queue", "retry", `${a}`);
    const why = "backlog: it waits with its destination (godwit explain example.com)";
    expect([code, out]).toEqual([0, `${a}.0 is ${why}\n`]);
    const other = await bench.run("queue", "retry", "example.com");
    expect(other.out).toBe(
      "Nothing there waits for its next attempt: godwit explain example.com\n",
    );
  });

  test("cancel of a whole destination must be meant", async () => {
    const worker = new AdminWorker(bench.bus, { units: [listedUnit(`${a}.0`)] });
    const { code, err } = await bench.run("queue", "cancel", "example.com");
    expect(code).toBe(2);
    expect(err).toContain("godwit queue cancel --yes example.com");
    expect(worker.commands).toEqual([]);
  });

  test("hold and release", async () => {
    const held = await bench.run("queue", "hold", "Example.com", "--reason", "moving");
    expect(held.out).toBe("example.com is held. To go on: godwit queue release example.com\n");
    expect(await bench.store.holds()).toEqual([
      { destination: destination("example.com"), reason: "moving", since: now },
    ]);
    const released = await bench.run("queue", "release", "example.com");
    expect(released.out).toBe("example.com is released\n");
    expect(await bench.store.holds()).toEqual([]);
  });

  test("release of what is not held says so", async () => {
    await bench.run("queue", "hold", "other.example");
    const { code, out } = await bench.run("queue", "release", "example.com");
    expect([code, out]).toEqual([0, "example.com was not held\n"]);
    expect(await bench.store.holds()).toHaveLength(1);
  });

  test.each(["retry", "hold", "release"])("%s may answer in JSON", async (verb) => {
    new AdminWorker(bench.bus, { units: [listedUnit(`${a}.0`)] });
    const { out } = await bench.run("queue", verb, "example.com", "--json");
    expect(JSON.parse(out)).toEqual({ units: 1, destinations: 1 });
  });
});

describe("what is asked wrongly ends with 2, before anything is asked", () => {
  test.each([
    [["list", "a b"], '"a b" is no destination'],
    [["list", "--limit", "0"], '--limit: "0" is no number from 1 to 100000'],
    [["list", "--limit", "1e9"], '--limit: "1e9" is no number from 1 to 100000'],
    [["list", "--after", "x"], '"x" is no queue id'],
    [["show", "example.com"], '"example.com" is no queue id'],
    [["show"], "missing required argument"],
    [["retry", "a b"], '"a b" is neither a destination (example.com) nor'],
    [["hold", "a b"], '"a b" is no destination'],
    [["list", "--url", "x"], '--url: "x" is no URL such as'],
    [["lisst"], "Did you mean list?"],
    [["list", "--nope"], "unknown option"],
    [[], "Usage: godwit queue"],
  ])("queue %j", async (args, text) => {
    const { code, out, err } = await bench.run("queue", ...args);
    expect([code, out, bench.requests]).toEqual([2, "", []]);
    expect(err).toContain(text);
  });
});
