import { describe, expect, test } from "bun:test";
import { measureOf, replyOf, rulesFrom } from "../../../test/support/automation/rules.ts";
import { Automation, type Moment } from "./automation.ts";

const start = 1_795_000_000_000;
const minute = 60_000;
const at = (minutes: number): Moment => ({
  now: start + minutes * minute,
  monotonic: minutes * minute,
});
const subject = { destination: "a.example", provider: "google", source: "ip1" };
const slow = replyOf("421 4.7.28 slow down");

function automation(rules: string, measuresMax?: number): Automation {
  const max = measuresMax === undefined ? {} : { measuresMax };
  return new Automation(rulesFrom(rules), { by: "worker/1", ...max });
}

function hear(engine: Automation, minutes: number, overrides = {}, reply = slow) {
  const host = "mx1.example";
  return engine.hear({ subject: { ...subject, ...overrides }, host, reply }, at(minutes));
}

describe("a rule that acts at once", () => {
  const rule =
    "- { name: r, reply: slow, do: { action: hold, scope: [provider, source], for: 1h } }";

  test("starts a measure, with all that explains it", () => {
    const engine = automation(rule);
    const { changes, failedBy } = hear(engine, 0);
    expect(failedBy).toBeUndefined();
    expect(changes).toMatchObject([
      {
        kind: "started",
        measure: {
          rule: "r",
          provenance: "shaping.yaml:2",
          effect: { kind: "hold" },
          scope: { provider: "google", source: "ip1" },
          since: start,
          renewedAt: start,
          until: start + 60 * minute,
          count: 1,
          sample: "421 4.7.28 slow down",
          by: "worker/1",
        },
      },
    ]);
    expect(engine.inForce.binding("hold", subject)).toHaveLength(1);
    expect(engine.generation).toBe(1);
  });

  test("is not started again by those that follow, but renewed when half of its time is over", () => {
    const engine = automation(rule);
    hear(engine, 0);
    expect([1, 10, 29].map((m) => hear(engine, m).changes)).toEqual([[], [], []]);
    const [change] = hear(engine, 30).changes;
    expect(change).toMatchObject({
      kind: "renewed",
      measure: { since: start, until: start + 90 * minute, count: 2 },
    });
    expect(engine.expire(at(60))).toEqual([]);
    expect(engine.expire(at(90))).toHaveLength(1);
  });

  test("ends when its time is over, and may start again", () => {
    const engine = automation(rule);
    hear(engine, 0);
    expect(engine.expire(at(59))).toEqual([]);
    expect(engine.expire(at(60)).map(({ rule: name }) => name)).toEqual(["r"]);
    expect(engine.inForce.binding("hold", subject)).toEqual([]);
    expect(hear(engine, 61).changes).toMatchObject([{ kind: "started" }]);
  });

  test("is for each combination of its scope's values", () => {
    const engine = automation(rule);
    const ids = ["ip1", "ip2"].flatMap((source) =>
      hear(engine, 0, { source }).changes.map(({ measure }) => measure.id),
    );
    expect(new Set(ids).size).toBe(2);
    const others = engine.inForce.binding("hold", { ...subject, source: "ip3" });
    expect(others).toEqual([]);
  });

  test("binds nobody when a value of its scope is not known", () => {
    const engine = automation(rule);
    expect(hear(engine, 0, { provider: undefined }).changes).toEqual([]);
    expect(engine.generation).toBe(0);
  });

  test("is for everybody's one source where sources have no names", () => {
    const engine = automation(rule);
    const [change] = hear(engine, 0, { source: undefined }).changes;
    expect(change?.measure.scope).toEqual({ provider: "google" });
    expect(engine.inForce.binding("hold", { provider: "google" })).toHaveLength(1);
  });

  test("changes no source where there is one only", () => {
    const engine = automation("- { name: r, reply: slow, do: { action: changeSource, for: 1h } }");
    expect(hear(engine, 0, { source: undefined }).changes).toEqual([]);
  });

  test("is cancelled, and started again by the next reply that matches", () => {
    const engine = automation(rule);
    const [change] = hear(engine, 0).changes;
    const id = change?.measure.id ?? "";
    expect(engine.cancel("other")).toBeUndefined();
    expect(engine.cancel(id)?.id).toBe(id);
    expect(engine.inForce.size).toBe(0);
    expect(hear(engine, 1).changes).toMatchObject([{ kind: "started" }]);
  });
});

describe("a rule with a count", () => {
  const rule = "- { name: r, reply: slow, count: 3 in 10m, do: { action: hold, for: 1h } }";

  test("starts with the last of so many in its window", () => {
    const engine = automation(rule);
    expect([0, 20, 21].map((m) => hear(engine, m).changes)).toEqual([[], [], []]);
    expect(hear(engine, 22).changes).toMatchObject([{ measure: { count: 3 } }]);
  });

  test("counts for each combination of values", () => {
    const engine = automation(rule);
    const names = ["a.example", "b.example", "a.example", "b.example"];
    for (const destination of names) expect(hear(engine, 0, { destination }).changes).toEqual([]);
    expect(hear(engine, 0).changes).toHaveLength(1);
  });

  test("counts nothing while its measure is young, and to renew it as many again", () => {
    const engine = automation(rule);
    for (const m of [0, 0, 0, 1, 2, 3, 28, 29]) hear(engine, m);
    expect([30, 31].map((m) => hear(engine, m).changes)).toEqual([[], []]);
    expect(hear(engine, 32).changes).toMatchObject([{ kind: "renewed", measure: { count: 6 } }]);
  });

  test("counts what was heard elsewhere, of rules that it has", () => {
    const engine = automation(rule);
    const [counted] = hear(automation(rule), 0).counted;
    expect(counted).toMatchObject({ rule: "r", count: 1 });
    if (counted === undefined) return;
    engine.heardElsewhere({ ...counted, rule: "other" }, at(0));
    expect(hear(engine, 0).changes).toEqual([]);
    engine.heardElsewhere(counted, at(1));
    expect(hear(engine, 1).changes).toHaveLength(1);
  });

  test("counts anew when the rules are replaced", () => {
    const engine = automation(rule);
    for (const m of [0, 1]) hear(engine, m);
    engine.replaceRules(rulesFrom(rule));
    expect(hear(engine, 2).changes).toEqual([]);
  });
});

describe("actions", () => {
  test("several of one rule are measures of their own", () => {
    const engine = automation(`
      - name: r
        reply: slow
        do:
          - { action: limit, scope: [provider], messages: 10/min, connections: 2, for: 30m }
          - { action: skipHost, for: 5m }
          - { action: changeSource, for: 1h }`);
    const measures = hear(engine, 0).changes.map(({ measure }) => measure);
    expect(measures.map(({ effect, scope, until }) => [effect, scope, until - start])).toEqual([
      [
        { kind: "limit", limit: { kind: "connections", max: 2 } },
        { provider: "google" },
        30 * minute,
      ],
      [
        {
          kind: "limit",
          limit: { kind: "messages", rate: { amount: 10, periodMs: minute, burst: 1 } },
        },
        { provider: "google" },
        30 * minute,
      ],
      [{ kind: "skipHost", host: "mx1.example" }, {}, 5 * minute],
      [{ kind: "changeSource" }, { provider: "google", source: "ip1" }, 60 * minute],
    ]);
  });

  test("a host is skipped only when it is known", () => {
    const engine = automation("- { name: r, reply: slow, do: { action: skipHost, for: 5m } }");
    expect(engine.hear({ subject, reply: slow }, at(0)).changes).toEqual([]);
  });

  test("a fail at once concerns what matched, and leaves nothing behind", () => {
    const engine = automation("- { name: r, reply: quota, do: { action: fail } }");
    const { changes, failedBy } = hear(engine, 0, {}, replyOf("452 4.2.2 over quota"));
    expect([changes, failedBy?.name]).toEqual([[], "r"]);
    expect(hear(engine, 0).failedBy).toBeUndefined();
    expect(engine.inForce.size).toBe(0);
  });

  test("a fail with a count fails what matches from then on, in its scope, as long as it lasts", () => {
    const engine = automation(`
      - { name: r, reply: slow, count: 2 in 1h, do: { action: fail, scope: [tenant], for: 1h } }`);
    const acme = { tenant: "acme" };
    expect(hear(engine, 0, acme).failedBy).toBeUndefined();
    expect(hear(engine, 1, acme).failedBy?.name).toBe("r");
    expect(hear(engine, 2, acme).failedBy?.name).toBe("r");
    expect(hear(engine, 2, { tenant: "other" }).failedBy).toBeUndefined();
    expect(hear(engine, 2, acme, replyOf("421 else")).failedBy).toBeUndefined();
    engine.expire(at(61));
    expect(hear(engine, 62, acme).failedBy).toBeUndefined();
  });
});

describe("what others started", () => {
  const none = "- { name: r, reply: never, do: { action: hold, for: 1m } }";

  test("binds here until the same time", () => {
    const engine = automation(none);
    expect(engine.adopt(measureOf(), at(20))).toBe("started");
    expect(engine.adopt(measureOf(), at(21))).toBeUndefined();
    expect(engine.inForce.binding("hold", subject)).toHaveLength(1);
    expect(engine.expire(at(59))).toEqual([]);
    expect(engine.expire(at(60))).toHaveLength(1);
  });

  test("is renewed by what lasts longer, never shortened", () => {
    const engine = automation(none);
    engine.adopt(measureOf(), at(0));
    const longer = measureOf({ renewedAt: start + 30 * minute, until: start + 90 * minute });
    expect(engine.adopt(longer, at(30))).toBe("renewed");
    expect(engine.adopt(measureOf(), at(31))).toBeUndefined();
    expect(engine.inForce.all).toEqual([longer]);
  });

  test("is passed over when it is over", () => {
    const engine = automation(none);
    expect(engine.adopt(measureOf(), at(60))).toBeUndefined();
    expect([engine.inForce.size, engine.generation]).toEqual([0, 0]);
  });

  test("binds no longer than its duration, whatever the clock of who started it", () => {
    const engine = automation(none);
    const future = start + 24 * 60 * minute;
    engine.adopt(
      measureOf({ since: future, renewedAt: future, until: future + 60 * minute }),
      at(0),
    );
    expect(engine.expire(at(60))).toHaveLength(1);
  });
});

describe("in bulk", () => {
  const rule = "- { name: r, reply: slow, do: { action: hold, for: 1h } }";

  test("a storm of refusals starts one measure", () => {
    const engine = automation(rule);
    let changes = 0;
    for (let n = 0; n < 100_000; n++) changes += hear(engine, n / 10_000).changes.length;
    expect([changes, engine.generation]).toEqual([1, 1]);
  });

  test("no more are started than there may be", () => {
    const engine = automation(rule, 3);
    for (let n = 0; n < 5; n++) hear(engine, 0, { destination: `d${n}.example` });
    expect([engine.inForce.size, engine.unstarted]).toEqual([3, 2]);
  });

  test("what a stepping clock says ends nothing, and prolongs nothing", () => {
    const engine = automation(rule);
    hear(engine, 0);
    expect(engine.expire({ now: start + 24 * 60 * minute, monotonic: 59 * minute })).toEqual([]);
    expect(engine.expire({ now: 0, monotonic: 60 * minute })).toHaveLength(1);
  });
});
