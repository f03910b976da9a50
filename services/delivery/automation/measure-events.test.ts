import { expect, test } from "bun:test";
import { measureOf } from "../../../test/support/automation/rules.ts";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { tellMeasure } from "./measure-events.ts";
import type { MeasureChange } from "./measures.ts";

const now = Date.parse("2026-11-28T15:26:25.123Z");
const measure = measureOf({ since: now, renewedAt: now, until: now + 3_600_000 });

function told(change: Partial<MeasureChange>) {
  const events = new RecordedEvents();
  tellMeasure(events, { kind: "started", measure, isOwn: true, ...change }, now);
  return events.records.map((record) => JSON.parse(JSON.stringify(record)));
}

test("a measure is an event with what it does, to whom, until when and why", () => {
  expect(told({})).toEqual([
    {
      ...{ v: 1, kind: "limitChange", at: "2026-11-28T15:26:25.123Z", node: "mta1.example.net" },
      eventId: `${measure.id}/limitChange/started/2026-11-28T15:26:25.123Z`,
      ...{ action: "started", rule: "slow-down", measure: measure.id, effect: "hold" },
      ...{ provider: "google", source: "ip1", until: "2026-11-28T16:26:25.123Z" },
      text: "421 4.7.28 unusual rate",
    },
  ]);
});

test.each([
  [
    {
      kind: "limit",
      limit: { kind: "messages", rate: { amount: 10, periodMs: 60_000, burst: 1 } },
    },
    { effect: "limit", limit: "messages 10/min" },
  ],
  [
    { kind: "limit", limit: { kind: "connections", max: 2 } },
    { effect: "limit", limit: "connections 2" },
  ],
  [
    { kind: "skipHost", host: "mx1.b.example" },
    { effect: "skipHost", remoteHost: "mx1.b.example" },
  ],
] as const)("its effect is told: %#", (effect, fields) => {
  expect(told({ measure: { ...measure, effect } })[0]).toMatchObject(fields);
});

test("an end has no end to come", () => {
  expect(told({ kind: "ended" })[0]).not.toHaveProperty("until");
});

test("one that another worker has started is told by that one", () => {
  expect(told({ isOwn: false })).toEqual([]);
});
