/** A whole worker and its suppression list. */
import { describe, expect, test } from "bun:test";
import type { CountedLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { StoreUnavailable } from "#lib/store/store";
import { parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { config, DeliveryBench } from "../../../test/support/delivery/delivery-bench.ts";
import { constantly, plainShaping } from "../../../test/support/delivery/plain-shaping.ts";
import { path } from "../../../test/support/records.ts";

function entry(text: string, tenant?: string): Suppression {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, reason: "bad-mailbox", at: 1, ...(tenant === undefined ? {} : { tenant }) };
}

const to = (...names: string[]) => ({
  recipients: names.map((name) => ({ path: path(`${name}@example.net`) })),
});

describe("a suppressed recipient", () => {
  test("is settled as failed without a connection, and the sender is told", async () => {
    const bench = new DeliveryBench();
    await bench.store.suppressions.put([entry("joe@example.net")]);
    await bench.start();
    const unit = await bench.accept(to("Joe"));
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["a@source.example"]);
    expect(bench.mx.sessionsEver).toBe(1);
    expect(await bench.story(unit)).toMatchObject([
      {
        disposition: "failed",
        recipients: [{ outcome: "permanent", status: "5.7.1", path: "Joe@example.net" }],
      },
    ]);
    const [notification] = bench.notifications;
    expect(notification?.content).toContain("Status: 5.7.1\r\n");
    expect(notification?.content).not.toContain("Last-Attempt-Date");
    expect(notification?.content).not.toContain("Remote-MTA");
    const bounces = JSON.stringify(await bench.store.bounces({ limit: 9 }));
    expect(bounces).toContain("recipient is suppressed (bad-mailbox, 1970-01-01)");
  });

  test("keeps nothing from the others of the message", async () => {
    const bench = new DeliveryBench();
    await bench.store.suppressions.put([entry("joe@example.net", "acme")]);
    await bench.start();
    const unit = await bench.accept({ ...to("ann", "joe", "kim"), tenant: "acme" });
    await bench.clock.advance(100);
    expect(bench.mx.recipients.slice(0, 2)).toEqual(["ann@example.net", "kim@example.net"]);
    const [event] = await bench.story(unit);
    expect(event?.disposition).toBe("delivered");
    expect(event?.recipients.map((it) => it.outcome)).toEqual([
      "delivered",
      "permanent",
      "delivered",
    ]);
    await bench.accept({ ...to("joe"), tenant: "blue" });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toContain("joe@example.net");
  });

  test("uses nothing of a limit: who comes after it has its turn", async () => {
    const limit = { name: "all", kind: "messages", provenance: "the test" } as const;
    for (const scope of [["destination"], ["provider"]] as const) {
      const hourly: CountedLimit = { ...limit, scope, rate: rateOf(1, 3_600_000) };
      const shaping = constantly(plainShaping({ limits: [hourly] }));
      const suppression = { ...config.suppression, notifies: false };
      const bench = new DeliveryBench({ config: { shaping, suppression } });
      await bench.store.suppressions.put([entry("joe@example.net")]);
      await bench.start();
      for (const name of ["joe", "joe", "ann", "kim"]) await bench.accept(to(name));
      await bench.clock.advance(1_000);
      expect(bench.mx.recipients).toEqual(["ann@example.net"]);
    }
  });

  test("is told of to nobody when the configuration says so", async () => {
    const suppression = { ...config.suppression, notifies: false };
    const bench = new DeliveryBench({ config: { suppression } });
    await bench.store.suppressions.put([entry("example.net")]);
    await bench.start();
    const unit = await bench.accept(to("joe"));
    await bench.clock.advance(1_000);
    expect(bench.mx.sessionsEver).toBe(0);
    expect(await bench.story(unit)).toMatchObject([{ disposition: "failed" }]);
  });

  test("is one from the moment that an operator says so, for what waits, too", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "451 4.2.1 Later" : undefined) };
    const unit = await bench.accept(to("joe"));
    await bench.clock.advance(1_000);
    await bench.store.suppressions.put([entry("joe@example.net")]);
    await bench.ask("suppressions.look", {});
    bench.mx.script = {};
    await bench.clock.advance(10 * 60_000);
    expect(bench.mx.recipients).not.toContain("joe@example.net");
    const story = await bench.story(unit);
    expect(story.map((it) => it.disposition)).toEqual(["deferred", "failed"]);
  });

  test("does not make a destination that is down count as reached", async () => {
    const bench = new DeliveryBench();
    await bench.store.suppressions.put([entry("joe@example.net")]);
    await bench.start();
    bench.network.refuse("192.0.2.1");
    for (let n = 0; n < 12; n++) await bench.accept(to("joe", `user${n}`));
    await bench.clock.advance(60_000);
    const { destinations } = await bench.summary("example.net");
    expect(destinations).toMatchObject([{ state: "down" }]);
  });
});

describe("after a bounce", () => {
  const rule = {
    classes: ["bad-mailbox"],
    forMs: 3_600_000,
    scope: "tenant",
    notifies: true,
  } as const;

  async function bounced(reply: `${number} ${string}`, unit: object = {}) {
    const bench = await new DeliveryBench({ config: { suppression: rule } }).start();
    bench.mx.script = { answer: (c) => (c.includes("joe@") ? reply : undefined) };
    const first = await bench.accept({ ...to("joe", "ann"), ...unit });
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    return { bench, first };
  }

  test("of a bad mailbox nothing more is sent to it for a while, from anywhere", async () => {
    const { bench, first } = await bounced("550 5.1.1 No such user");
    const { entries } = await bench.store.suppressions.page({ limit: 9 });
    const [entry, ...others] = entries;
    if (entry === undefined) throw new Error("nobody is kept back");
    expect(others).toEqual([]);
    expect([entry.key, entry.reason, entry.uid]).toEqual([
      "joe@example.net",
      "bad-mailbox",
      first.uid,
    ]);
    expect(entry.note).toContain("No such user");
    expect(entry.expiresAt).toBe(entry.at + rule.forMs);
    await bench.accept(to("joe"));
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).not.toContain("joe@example.net");
    await bench.clock.advance(rule.forMs + 60_000);
    await bench.accept(to("joe"));
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toContain("joe@example.net");
  });

  test("of a tenant's mail only that tenant's is kept back", async () => {
    const { bench } = await bounced("550 5.1.1 No such user", { tenant: "acme" });
    await bench.accept({ ...to("joe"), tenant: "acme" });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).not.toContain("joe@example.net");
    await bench.accept({ ...to("joe"), tenant: "blue" });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toContain("joe@example.net");
  });

  test.each([
    ["another class", "552 5.2.2 Mailbox full", {}],
    ["a later try", "451 4.2.1 Later", {}],
    ["a notification of ours", "550 5.1.1 No such user", { isNotification: true }],
  ] as const)("that is %s nobody is kept back", async (_, reply, unit) => {
    const { bench } = await bounced(reply, unit);
    expect(await bench.store.suppressions.page({ limit: 9 })).toEqual({ entries: [] });
  });
});

test("mail goes on when the list cannot be read any more, and holds to what is known", async () => {
  let isAway = false;
  const storeFaults = {
    before: async ({ operation }: { operation: string }) => {
      if (isAway && operation.startsWith("suppressions/")) throw new StoreUnavailable("away");
    },
    after: async () => {},
  };
  const bench = new DeliveryBench({ storeFaults });
  await bench.store.suppressions.put([entry("joe@example.net")]);
  await bench.start();
  isAway = true;
  await bench.clock.advance(60_000);
  await bench.accept(to("ann"));
  const unit = await bench.accept(to("joe"));
  await bench.clock.advance(1_000);
  expect(bench.mx.recipients).toContain("ann@example.net");
  expect(bench.mx.recipients).not.toContain("joe@example.net");
  expect(await bench.story(unit)).toMatchObject([
    { recipients: [{ text: "recipient is suppressed" }] },
  ]);
});

test("nothing is tried before it is known who is on the list", async () => {
  let isAway = true;
  const storeFaults = {
    before: async ({ operation }: { operation: string }) => {
      if (isAway && operation.startsWith("suppressions/")) throw new StoreUnavailable("away");
    },
    after: async () => {},
  };
  const bench = new DeliveryBench({ storeFaults });
  await bench.start();
  await bench.accept(to("ann"));
  await bench.clock.advance(60_000);
  expect(bench.mx.sessionsEver).toBe(0);
  isAway = false;
  await bench.clock.advance(5_000);
  expect(bench.mx.recipients).toEqual(["ann@example.net"]);
});
