import { beforeEach, describe, expect, test } from "bun:test";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { Readiness } from "./readiness.ts";

let clock: ManualClock;
let metrics: PrometheusMetrics;
let events: string[];
let readiness: Readiness;

beforeEach(() => {
  clock = new ManualClock(1_000);
  metrics = new PrometheusMetrics();
  events = [];
  const note = (event: string) => void events.push(event);
  const log = { debug: note, info: note, warn: note, error: note };
  readiness = new Readiness({ clock, log, metrics });
});

const away = { reason: "no server answers", isBlocking: true };

describe("Readiness", () => {
  test("is ready while nothing is told against it", () => {
    readiness.tell("nats");
    expect([readiness.isReady, readiness.reasons]).toEqual([true, []]);
  });

  test("is not ready while a part that is needed is troubled, and says since when", () => {
    readiness.tell("nats", away);
    clock.advance(500);
    readiness.tell("nats", { ...away, reason: "refused" });
    expect(readiness.isReady).toBe(false);
    const reason = { part: "nats", reason: "refused", isBlocking: true, since: 1_000 };
    expect(readiness.reasons).toEqual([reason]);
    readiness.tell("nats");
    expect([readiness.isReady, readiness.reasons]).toEqual([true, []]);
  });

  test("is ready with a trouble that it can go on with", () => {
    readiness.tell("cassandra", { ...away, isBlocking: false });
    expect([readiness.isReady, readiness.reasons.length]).toEqual([true, 1]);
  });

  test("logs each change once", () => {
    readiness.expect("nats", "starting");
    for (let i = 0; i < 3; i++) readiness.tell("nats", away);
    for (let i = 0; i < 3; i++) readiness.tell("nats");
    expect(events).toEqual(["part_waits", "part_troubled", "part_works"]);
  });

  test("is a metric, by part", async () => {
    readiness.tell("nats");
    readiness.tell("cassandra", away);
    const text = await metrics.render();
    expect(text).toContain('godwit_part_ok{part="nats"} 1');
    expect(text).toContain('godwit_part_ok{part="cassandra"} 0');
    expect(text).toContain("godwit_ready 0");
  });
});
