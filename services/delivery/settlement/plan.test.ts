import { describe, expect, test } from "bun:test";
import type { Outcome } from "#lib/queue/outcome";
import type { Notify } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import type { Reply } from "#lib/smtp/reply";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import {
  cancelledPlan,
  type PlanContext,
  planExpiry,
  planSettlement,
  postponedPlan,
} from "./plan.ts";

const minute = 60_000;
const hour = 60 * minute;
const acceptedAt = 1_795_000_000_000;
const said: Reply = { code: 250, class: 2, status: "2.0.0", lines: ["Ok"] };
const refused: Reply = { code: 550, class: 5, status: "5.1.1", lines: ["No such user"] };

const outcomes = {
  delivered: { kind: "delivered", reply: said, dsnRelayed: false },
  passedOn: { kind: "delivered", reply: said, dsnRelayed: true },
  permanent: {
    kind: "permanent",
    scope: "recipient",
    status: "5.1.1",
    reason: "No",
    reply: refused,
  },
  suppressed: {
    kind: "permanent",
    scope: "recipient",
    status: "5.7.1",
    reason: "suppressed",
    isSuppressed: true,
  },
  recipient: { kind: "transient", scope: "recipient", status: "4.2.1", reason: "Later" },
  transaction: { kind: "transient", scope: "transaction", status: "4.4.2", reason: "In doubt" },
  host: { kind: "transient", scope: "host", status: "4.4.1", reason: "Refused" },
  destination: { kind: "transient", scope: "destination", status: "4.4.3", reason: "DNS" },
} as const satisfies Record<string, Outcome>;
type Name = keyof typeof outcomes;

const context: PlanContext = {
  now: acceptedAt + minute,
  attempts: 1,
  isDelayNotified: false,
  isFinalDelivery: false,
  policy: { firstMs: 5 * minute, factor: 2, capMs: 4 * hour },
  delayNotificationMs: 4 * hour,
  notifiesOfSuppressed: true,
};

const everything: readonly Notify[] = ["success", "failure", "delay"];

function unitWith(count: number, notify?: readonly Notify[], reversePath = "a@source.example") {
  return unitOf({
    envelope: { reversePath: path(reversePath), body: "7bit", smtpUtf8: false },
    recipients: Array.from({ length: count }, (_, n) => ({
      path: path(`r${n}@example.net`),
      ...(notify === undefined ? {} : { notify }),
    })),
  });
}

interface Asked extends Partial<PlanContext> {
  readonly notify?: readonly Notify[];
  readonly reversePath?: string;
}

function planOf(names: readonly Name[], { notify, reversePath, ...rest }: Asked = {}) {
  const unit = unitWith(names.length, notify, reversePath);
  const report = { outcomes: names.map((name) => outcomes[name]), remoteName: "mx.example" };
  return planSettlement(unit, report, { ...context, ...rest }, seededRandom(1));
}

const told = (plan: ReturnType<typeof planOf>) =>
  [...plan.notifications].map(([action, rs]) => `${action} ${rs.map((r) => r.recipient.path[1])}`);

describe("a suppressed recipient", () => {
  test("has failed, and nobody was asked", () => {
    const plan = planOf(["suppressed", "delivered"]);
    expect(plan.disposition).toBe("delivered");
    expect(plan.events[0]).toEqual({
      path: "r0@example.net",
      outcome: "permanent",
      status: "5.7.1",
      text: "suppressed",
      isSuppressed: true,
    });
    expect(plan.failed).toMatchObject([{ kind: "suppressed", last: { status: "5.7.1" } }]);
    expect(plan.failed[0]).not.toContainAnyKeys(["triedAt", "reply"]);
    expect(plan.failed[0]?.last).not.toHaveProperty("remote");
    expect(told(plan)).toEqual(["failed 0"]);
  });

  test("is told of as any other failure is, or not at all", () => {
    expect(told(planOf(["suppressed"], { reversePath: "" }))).toEqual([]);
    expect(told(planOf(["suppressed"], { notify: ["never"] }))).toEqual([]);
    const silent = planOf(["suppressed", "permanent"], { notifiesOfSuppressed: false });
    expect(told(silent)).toEqual(["failed 1"]);
    expect(silent.failed).toHaveLength(2);
    expect(silent.disposition).toBe("failed");
  });
});

describe("planSettlement()", () => {
  test.each<[string, readonly Name[], string, string]>([
    ["all delivered", ["delivered", "delivered"], "delivered", ""],
    [
      "one fails: the unit is done, and counts as delivered",
      ["delivered", "permanent"],
      "delivered",
      "",
    ],
    ["all fail", ["permanent", "permanent"], "failed", ""],
    ["one waits: it alone stays", ["delivered", "recipient", "permanent"], "deferred", "1"],
    ["in doubt waits", ["transaction"], "deferred", "0"],
    ["all wait", ["host", "destination"], "deferred", "0,1"],
  ])("%s", (_, names, disposition, waiting) => {
    const plan = planOf(names);
    expect(plan.disposition).toBe(disposition as typeof plan.disposition);
    expect(plan.waiting?.recipients.map((r) => r.path[1]).join() ?? "").toBe(waiting);
    expect(plan.events.length).toBe(names.length);
  });

  test.each<[readonly Name[], boolean]>([
    [["host"], true],
    [["destination", "host"], true],
    [["host", "recipient"], false],
    [["transaction"], false],
    [["delivered", "host"], true],
  ])("%p waits for its destination: %p", (names, isForDestination) => {
    expect(planOf(names).waiting?.isForDestination).toBe(isForDestination);
  });

  test.each<[string, readonly Name[], Asked, readonly string[]]>([
    ["failures are told without being asked for", ["permanent", "delivered"], {}, ["failed 0"]],
    ["but not to who says never", ["permanent"], { notify: ["never"] }, []],
    ["success only to who asks", ["delivered"], { notify: everything }, ["relayed 0"]],
    [
      "in a mailbox it is delivered",
      ["delivered"],
      { notify: everything, isFinalDelivery: true },
      ["delivered 0"],
    ],
    ["a next hop with DSN tells it itself", ["passedOn"], { notify: everything }, []],
    [
      "nothing to the null reverse-path",
      ["permanent", "delivered"],
      { notify: everything, reversePath: "" },
      [],
    ],
    [
      "one notification for each action",
      ["permanent", "permanent", "delivered"],
      { notify: everything },
      ["failed 0,1", "relayed 2"],
    ],
    ["late mail is told of", ["recipient"], { now: acceptedAt + 4 * hour }, ["delayed 0"]],
    ["once", ["recipient"], { now: acceptedAt + 4 * hour, isDelayNotified: true }, []],
    ["not before its time", ["recipient"], { now: acceptedAt + 3 * hour }, []],
    [
      "not to who did not ask for delays",
      ["recipient"],
      { now: acceptedAt + 4 * hour, notify: ["failure"] },
      [],
    ],
  ])("%s", (_, names, asked, expected) => {
    expect(told(planOf(names, asked))).toEqual([...expected]);
  });

  test("the pause doubles with each attempt, within a tenth", () => {
    for (const [attempts, ms] of [
      [1, 5],
      [2, 10],
      [3, 20],
      [9, 240],
    ] as const) {
      const at = planOf(["recipient"], { attempts }).waiting?.nextAttemptAt ?? 0;
      const pause = (at - context.now) / minute;
      expect(pause).toBeGreaterThanOrEqual(ms * 0.9);
      expect(pause).toBeLessThanOrEqual(ms * 1.1);
    }
  });

  test("at the end of its lifetime what is transient has failed", () => {
    const { expiresAt } = unitWith(1);
    const plan = planOf(["recipient", "delivered"], { now: expiresAt });
    expect(plan.events.map((e) => [e.outcome, e.status])).toEqual([
      ["expired", "5.4.7"],
      ["delivered", "2.0.0"],
    ]);
    expect(told(plan)).toEqual(["failed 0"]);
    expect(plan.failed[0]?.last.text).toContain("Later");
  });

  test("a recipient without an outcome waits: unknown is transient", () => {
    const plan = planSettlement(unitWith(1), { outcomes: [] }, context, seededRandom(1));
    expect(plan).toMatchObject({ disposition: "deferred", events: [{ outcome: "transient" }] });
  });

  test("the remote's own words go with a failure", () => {
    const [failed] = planOf(["permanent"]).failed;
    expect(failed).toMatchObject({ reply: refused, triedAt: context.now });
    expect(failed?.last).toMatchObject({ code: 550, status: "5.1.1", remote: "mx.example" });
  });
});

describe("planExpiry()", () => {
  test("each recipient fails, with what was said last and when", () => {
    const last = { "r0@example.net": { status: "4.2.2", text: "Full", at: 7 } } as const;
    const plan = planExpiry(unitWith(2), last, context);
    expect(plan.disposition).toBe("failed");
    expect(plan.failed.map((f) => f.triedAt)).toEqual([7, undefined]);
    expect(plan.failed[0]?.last).toMatchObject({ status: "5.4.7", at: context.now });
    expect(plan.failed[0]?.last.text).toContain("Full");
    expect(told(plan)).toEqual(["failed 0,1"]);
  });
});

describe("cancelledPlan()", () => {
  test("ends what waits, and tells nobody of anything", () => {
    const plan = cancelledPlan(planOf(["permanent", "recipient"]));
    expect(plan).toMatchObject({ disposition: "cancelled", notifications: new Map() });
    expect(plan.waiting).toBeUndefined();
    expect(plan.failed.length).toBe(1);
  });

  test("what was delivered in spite of it is delivered", () => {
    expect(cancelledPlan(planOf(["delivered"])).disposition).toBe("delivered");
  });
});

describe("postponedPlan()", () => {
  test("those who failed wait with the others, and only delivery is final", () => {
    const plan = postponedPlan(planOf(["permanent", "delivered", "recipient"]), 3);
    expect(plan.recipients.map((r) => r.path[1])).toEqual(["0", "2"]);
    expect(Object.keys(plan.last).sort()).toEqual(["r0@example.net", "r2@example.net"]);
    expect(plan.events.map((e) => e.outcome)).toEqual(["transient", "delivered", "transient"]);
    expect(plan.attempts).toBe(3);
  });
});
