import { describe, expect, test } from "bun:test";
import type { RecipientEvent } from "#lib/queue/event";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import type { AttemptReport } from "../attempt/attempt.ts";
import { tellEnding, type UnitEnding } from "./unit-events.ts";

const at = Date.parse("2026-11-28T15:26:25.123Z");
const acceptedAt = at - 60_000;
const paths = ["a@b.example", "b@b.example", "c@b.example"].map((text) => ({ path: path(text) }));
const unit = unitOf({ recipients: paths, acceptedAt, tenant: "acme", sizeBytes: 4_096 });
const report: AttemptReport = {
  outcomes: [],
  remote: "mx1.b.example[2001:db8::1]",
  remoteName: "mx1.b.example",
  source: "s1",
  pool: "bulk",
  sessionId: "w1/01JDF8Z5T0/7",
  tls: {
    protocol: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    peer: "mx1.b.example",
    isVerified: false,
  },
  transmission: "ESMTPS",
  durationMs: 131.6,
  inDoubt: 0,
  isVoid: false,
};

const ok: RecipientEvent = {
  path: "a@b.example",
  outcome: "delivered",
  code: 250,
  status: "2.0.0",
  text: "Ok",
};
const later: RecipientEvent = {
  path: "b@b.example",
  outcome: "transient",
  status: "4.4.2",
  text: "connection lost",
};
const bad: RecipientEvent = {
  path: "c@b.example",
  outcome: "permanent",
  code: 550,
  status: "5.1.1",
  text: "no such user",
};

function told(ending: Partial<UnitEnding>, events = new RecordedEvents(), of = unit) {
  tellEnding(events, of, {
    ...{ at, disposition: "deferred", recipients: [], attempt: 2, provider: "google" },
    ...ending,
  });
  return events.records.map((record) => JSON.parse(JSON.stringify(record)));
}

describe("tellEnding()", () => {
  test("is an event for each recipient that was tried", () => {
    const nextAttemptAt = at + 300_000;
    const events = told({ recipients: [ok, later, bad], report, nextAttemptAt });
    const common = {
      ...{ v: 1, at: "2026-11-28T15:26:25.123Z", node: "mta1.example.net" },
      ...{ queueId: unit.uid.slice(0, 26), uid: unit.uid, destination: unit.destination },
      createdAt: "2026-11-28T15:25:25.123Z",
      ...{ reversePath: unit.envelope.reversePath, sizeBytes: 4_096, tenant: "acme" },
      ...{ provider: "google", attempt: 2, durationMs: 132, source: "s1", tlsProtocol: "TLSv1.3" },
      ...{ protocol: "ESMTPS", tlsCipher: "TLS_AES_128_GCM_SHA256", tlsPeer: "mx1.b.example" },
      ...{ pool: "bulk", sessionId: "w1/01JDF8Z5T0/7" },
      ...{ remoteHost: "mx1.b.example", remoteAddress: "2001:db8::1" },
    };
    expect(events).toEqual([
      {
        ...{ ...common, kind: "delivery", recipient: "a@b.example" },
        eventId: `${unit.uid}/delivery/2/a@b.example`,
        ...{ code: 250, status: "2.0.0", text: "Ok" },
      },
      {
        ...{ ...common, kind: "transient", recipient: "b@b.example" },
        eventId: `${unit.uid}/transient/2/b@b.example`,
        ...{ status: "4.4.2", text: "connection lost" },
        nextAttemptAt: "2026-11-28T15:31:25.123Z",
      },
      {
        ...{ ...common, kind: "bounce", recipient: "c@b.example" },
        eventId: `${unit.uid}/bounce/2/c@b.example`,
        ...{ code: 550, status: "5.1.1", text: "no such user", bounceClass: "bad-mailbox" },
      },
    ]);
  });

  test("who is suppressed was not tried, though the others of the unit were", () => {
    const suppressed = { ...bad, text: "recipient is suppressed", isSuppressed: true } as const;
    const [first, second] = told({ recipients: [ok, suppressed], report });
    expect(first).toMatchObject({ kind: "delivery", remoteHost: "mx1.b.example" });
    expect(second).toMatchObject({
      kind: "suppression",
      eventId: `${unit.uid}/suppression/2/c@b.example`,
      recipient: "c@b.example",
      text: "recipient is suppressed",
      bounceClass: "suppressed",
    });
    expect(second).not.toContainAnyKeys([
      "remoteHost",
      "remoteAddress",
      "durationMs",
      "tlsProtocol",
    ]);
  });

  test("given up without a try, nobody answered", () => {
    const [event] = told({ recipients: [{ ...bad, outcome: "expired" }], attempt: 40 });
    expect(event).toMatchObject({ kind: "expiration", attempt: 40, bounceClass: "expired" });
    expect(event).not.toHaveProperty("remoteHost");
    expect(event).not.toHaveProperty("durationMs");
  });

  test("a cancelled unit is an event for each recipient that was not done before", () => {
    expect(told({ disposition: "cancelled" }).map((e) => `${e.kind} ${e.recipient}`)).toEqual([
      "admin a@b.example",
      "admin b@b.example",
      "admin c@b.example",
    ]);
    const while_ = told({ disposition: "cancelled", recipients: [ok, later, bad], report });
    expect(while_.map((e) => [e.kind, e.recipient, e.action])).toEqual([
      ["delivery", "a@b.example", undefined],
      ["transient", "b@b.example", undefined],
      ["bounce", "c@b.example", undefined],
      ["admin", "b@b.example", "cancel"],
    ]);
  });

  test.each(["spilled", "deferred", "parked", "duplicate"] as const)(
    "who is %s untried is none",
    (disposition) => {
      expect(told({ disposition })).toEqual([]);
    },
  );

  test("our own notifications say that they are", () => {
    const own = { ...unit, isNotification: true };
    expect(told({ recipients: [ok] }, new RecordedEvents(), own)[0]?.isNotification).toBe(true);
    expect(told({ recipients: [ok] })[0]).not.toHaveProperty("isNotification");
  });

  test("kinds that nobody wants are not made", () => {
    const only = new RecordedEvents(["bounce"]);
    expect(told({ recipients: [ok, later, bad] }, only).map((e) => e.kind)).toEqual(["bounce"]);
  });

  test("a host's long reply is cut", () => {
    const [event] = told({ recipients: [{ ...bad, text: "x".repeat(1_000_000) }] });
    expect(event.text).toHaveLength(2_048);
  });
});
