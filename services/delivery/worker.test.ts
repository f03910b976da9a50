import { describe, expect, test } from "bun:test";
import {
  config,
  DeliveryBench,
  hour,
  minute,
  named,
} from "../../test/support/delivery/delivery-bench.ts";
import { incarnation, path } from "../../test/support/records.ts";
import { defaultLimits } from "./config.ts";

const firstOf = (text: string, pattern: RegExp) => pattern.exec(text)?.[1];

describe("a worker", () => {
  test("delivers, and settles in the journal alone", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
    expect(await bench.story(unit)).toMatchObject([{ disposition: "delivered", sequence: 1 }]);
    expect(await bench.store.find([unit.uid])).toEqual(new Map());
  });

  test("tries again by the schedule, under the same uid, only those who were refused", async () => {
    const bench = await new DeliveryBench().start();
    let isBusy = true;
    bench.mx.script = {
      answer: (c) => (isBusy && c.includes("late@") ? "451 4.2.1 Later" : undefined),
    };
    const recipients = ["late", "b"].map((name) => ({ path: path(`${name}@example.net`) }));
    const unit = await bench.accept({ recipients });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
    await bench.clock.advance(4 * minute);
    expect(bench.mx.recipients.length).toBe(1);
    isBusy = false;
    await bench.clock.advance(2 * minute);
    expect(bench.mx.recipients).toEqual(["b@example.net", "late@example.net"]);
    const story = await bench.story(unit);
    expect(story.map((e) => [e.disposition, e.attempt])).toEqual([
      ["deferred", 1],
      ["delivered", 2],
    ]);
  });

  test("what was sent, and answered when the shard was lost, is in doubt", async () => {
    const bench = await new DeliveryBench().start();
    const { network, clock } = bench;
    const busy = "192.0.2.1";
    bench.mx.script = {
      answer: (c) => {
        if (c === ".") network.blackhole(busy);
        return undefined;
      },
    };
    const unit = await bench.accept();
    await clock.advance(100);
    await bench.log.journal().seal(incarnation("worker/1"));
    // It learns of the seal by what it records next.
    const other = named("other.example");
    bench.worker.hold({ destination: other, reason: "", since: clock.now() });
    await bench.accept({ destination: other, recipients: [{ path: path("b@other.example") }] });
    await clock.advance(1_000);
    network.accept(busy);
    await clock.advance(1_000);
    const doubts = bench.events.filter(({ event }) => event === "attempt_in_doubt");
    expect(doubts).toMatchObject([{ uid: unit.uid, recipients: 1 }]);
    expect(await bench.story(unit)).toEqual([]);
  });

  test("what was delivered and cannot be recorded any more is in doubt", async () => {
    const bench = await new DeliveryBench().start();
    await bench.log.journal().seal(incarnation("worker/1"));
    await bench.accept();
    await bench.clock.advance(1_000);
    const doubts = bench.events.filter(({ event }) => event === "unrecorded_in_doubt");
    expect(doubts).toMatchObject([{ recipients: 1 }]);
  });

  test("a refusal for good is told to the reverse-path, with the words of the remote", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = {
      answer: (c) => (c.includes("TO:<b@") ? "550 5.1.1 No such user" : undefined),
    };
    await bench.accept({ recipients: [{ path: path("b@example.net"), orcpt: "rfc822;b@x" }] });
    await bench.clock.advance(2_000);
    const [notification] = bench.notifications;
    expect(notification?.recipients).toEqual(["a@source.example"]);
    const text = notification?.content ?? "";
    expect(firstOf(text, /\r\nAction: (.*)\r\n/)).toBe("failed");
    expect(firstOf(text, /Diagnostic-Code: (.*)\r\n/)).toBe("smtp; 550 5.1.1 No such user");
    expect(firstOf(text, /Original-Recipient: (.*)\r\n/)).toBe("rfc822;b@x");
    expect(await bench.store.bounces({ limit: 9 })).toMatchObject({
      bounces: [{ kind: "failed", class: "bad-mailbox", status: "5.1.1", attempt: 1 }],
    });
  });

  test("nobody is told of mail from the null reverse-path (RFC 5321 §6.1)", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "550 5.1.1 No" : undefined) };
    await bench.accept({
      envelope: { reversePath: path(""), body: "7bit", smtpUtf8: false },
      recipients: [{ path: path("b@example.net"), notify: ["failure"] }],
    });
    await bench.clock.advance(minute);
    expect(bench.mx.taken).toEqual([]);
    expect(bench.events.filter(({ event }) => event === "notification_queued")).toEqual([]);
  });

  test("a notification that cannot be delivered ends quietly, with an event", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "550 5.1.1 No" : undefined) };
    await bench.accept();
    await bench.clock.advance(minute);
    const names = bench.events.map(({ event }) => event);
    expect(names.filter((name) => name === "notification_queued").length).toBe(1);
    expect(names.filter((name) => name === "notification_undeliverable").length).toBe(1);
  });

  test.each([
    ["without DSN at the next hop we say relayed", ["PIPELINING"], "relayed"],
    ["with DSN there it is the next hop's to tell", ["PIPELINING", "DSN"], undefined],
  ])("success, if asked for: %s", async (_, extensions, action) => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { extensions };
    await bench.accept({ recipients: [{ path: path("b@example.net"), notify: ["success"] }] });
    await bench.clock.advance(minute);
    const text = bench.notifications[0]?.content ?? "";
    expect(firstOf(text, /\r\nAction: (.*)\r\n/)).toBe(action);
  });

  test("over LMTP it is delivered, for each recipient by itself", async () => {
    const nextHop = { protocol: "lmtp", host: "192.0.2.1", port: 25 } as const;
    const routes = [{ domain: "example.net", nextHop }];
    const bench = await new DeliveryBench({ config: { routes } }).start();
    bench.mx.script = {
      protocol: "lmtp",
      answer: (c) => (c === ". full@example.net" ? "452 4.2.2 Full" : undefined),
    };
    const recipients = ["full", "b"].map((name) => {
      return { path: path(`${name}@example.net`), notify: ["success"] as const };
    });
    await bench.accept({ recipients });
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    expect(bench.mx.recipients).toContain("b@example.net");
    await bench.clock.advance(minute);
    const texts = bench.notifications.map(({ content }) => content).join();
    expect(firstOf(texts, /\r\nAction: (.*)\r\n/)).toBe("delivered");
    expect(texts).not.toContain("full@example.net");
  });

  test.each([
    [
      "the domain accepts no mail",
      "5.1.10",
      (b: DeliveryBench) => {
        b.resolver.set("example.net", "mx", [{ preference: 0, exchange: "" }]);
      },
    ],
    [
      "we are its best mail exchanger",
      "5.4.6",
      (b: DeliveryBench) => {
        b.resolver.set("example.net", "mx", [{ preference: 1, exchange: "out.example" }]);
      },
    ],
    [
      "its mail exchanger is this machine by its address",
      "5.4.6",
      (b: DeliveryBench) => {
        b.resolver.set("example.net", "mx", [{ preference: 1, exchange: "trap.example" }]);
        b.resolver.set("trap.example", "a", ["127.0.0.1"]);
      },
    ],
  ])("fails at once when %s", async (_, status, set) => {
    const bench = await new DeliveryBench().start();
    set(bench);
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    expect(await bench.story(unit)).toMatchObject([
      { disposition: "failed", recipients: [{ outcome: "permanent", status }] },
    ]);
    const bounces = bench.recorded.records.filter(({ kind }) => kind === "bounce");
    expect(bounces).toMatchObject([{ status }]);
  });

  test("a name server that is away is no reason to give up", async () => {
    const bench = await new DeliveryBench().start();
    bench.resolver.fail("timeout", "example.net");
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    bench.resolver.recover();
    await bench.clock.advance(6 * minute);
    const story = await bench.story(unit);
    expect(story.map((e) => e.disposition)).toEqual(["deferred", "delivered"]);
  });

  test("lost behind the final dot: no other host gets it now, and it is tried again later", async () => {
    const bench = await new DeliveryBench().start();
    let isFirst = true;
    bench.mx.script = {
      answer: (c) => {
        if (c !== "." || !isFirst) return undefined;
        isFirst = false;
        return "close";
      },
    };
    await bench.accept();
    await bench.clock.advance(minute);
    expect(bench.mx.taken).toEqual([]);
    expect((await bench.summary("example.net")).destinations).toMatchObject([{ state: "open" }]);
    await bench.clock.advance(5 * minute);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("what no attempt could deliver is given up at the end of its lifetime, after a last one", async () => {
    const retry = { ...config.retry, delayNotificationMs: 20 * minute };
    const bench = await new DeliveryBench({ config: { retry } }).start();
    bench.mx.script = { answer: (c) => (c.includes("TO:<b@") ? "451 4.3.0 No" : undefined) };
    const unit = await bench.accept({ expiresAt: bench.clock.now() + 3 * hour });
    await bench.clock.advance(3 * hour + minute);
    const story = await bench.story(unit);
    const last = story.at(-1);
    expect(last).toMatchObject({ disposition: "failed", recipients: [{ outcome: "expired" }] });
    expect(Math.abs((last?.at ?? 0) - unit.expiresAt)).toBeLessThan(2_000);
    const actions = bench.notifications.map((n) => firstOf(n.content, /\r\nAction: (.*)\r\n/));
    expect(actions).toEqual(["delayed", "failed"]);
  });

  test("sessions to one destination stay within their number, and are used again", async () => {
    const bench = await new DeliveryBench().start();
    await bench.acceptMany(500);
    await bench.clock.advance(minute);
    expect(bench.mx.taken.length).toBe(500);
    expect(bench.mx.sessionsMost).toBeLessThanOrEqual(20);
    expect(bench.mx.sessionsEver).toBeLessThanOrEqual(20);
    expect(bench.mx.sessions).toBe(0);
  });

  test("idle sessions count among those that a worker may have", async () => {
    const limits = { ...defaultLimits, sessionsMax: 4 };
    const bench = await new DeliveryBench({ config: { limits } }).start();
    for (const name of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
      bench.serves(`${name}.example`);
      await bench.acceptMany(2, `${name}.example`);
    }
    await bench.clock.advance(10_000);
    expect(bench.mx.taken.length).toBe(16);
    // One that is told to go may still be going.
    expect(bench.mx.sessionsMost).toBeLessThanOrEqual(8);
  });

  test("mail that a restart finds in the log, in wheel and backlog goes on", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = {
      answer: (c) => (c.includes("TO:<late@") ? "451 4.2.1 Later" : undefined),
    };
    const late = await bench.accept({ recipients: [{ path: path("late@example.net") }] });
    bench.network.refuse("192.0.2.1");
    await bench.acceptMany(3, "other.example");
    await bench.clock.advance(10_000);
    await bench.restart();
    bench.network.accept("192.0.2.1");
    bench.mx.script = {};
    await bench.acceptMany(1);
    await bench.clock.advance(10 * minute);
    expect(bench.mx.recipients.length).toBe(5);
    expect(await bench.store.find([late.uid])).toMatchObject(
      new Map([[late.uid, { state: "finished" }]]),
    );
  });

  test("what is still on its way when time is out stops, and its successor delivers it once", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = {
      answer: (c) => {
        if (c.startsWith("MAIL")) bench.network.blackhole("192.0.2.1");
        return undefined;
      },
    };
    await bench.accept();
    await bench.clock.advance(1_000);
    const stopped = bench.worker.stop();
    await bench.clock.advance(31_000);
    await stopped;
    bench.mx.script = {};
    bench.network.accept("192.0.2.1");
    await bench.clock.advance(minute);
    expect(bench.mx.taken).toEqual([]);
    await bench.restart();
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("thousands that wait for a destination that is down cost a timer, and keep nobody waiting", async () => {
    const bench = await new DeliveryBench().start();
    bench.resolver.set("down.example", "mx", [{ preference: 1, exchange: "down.mx.example" }]);
    bench.resolver.set("down.mx.example", "a", ["192.0.2.200"]);
    await bench.acceptMany(3_000, "down.example");
    await bench.clock.advance(10_000);
    const [owner] = bench.worker.owners;
    expect(owner?.working.unitCount).toBe(0);
    const attempts = bench.events.filter(({ event }) => event === "attempt").length;
    expect(attempts).toBeLessThanOrEqual(5);
    await bench.acceptMany(1);
    await bench.clock.advance(100);
    expect(bench.mx.taken.length).toBe(1);
    await bench.clock.advance(30 * minute);
    const later = bench.events.filter(({ event }) => event === "attempt").length;
    // One for each time that it was tried again: after 5, 15 and 35 minutes.
    expect(later - attempts).toBeLessThanOrEqual(4);
    expect((await bench.summary("down.example")).destinations).toMatchObject([
      { state: "down", backlog: 3_000 },
    ]);
  });
});
