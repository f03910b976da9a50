import { describe, expect, test } from "bun:test";
import { type EventSink, noEvents } from "#lib/events/event-sink";
import type { Message } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import { parseForwardPath, parseReversePath } from "#lib/smtp/path";
import type { AdmittedRecipient, Transaction } from "#lib/smtp/server/step";
import { type Intake, IntakeFull, IntakeUnavailable } from "#lib/stream/intake";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { RecordedEvents } from "../../test/support/events/recorded-events.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { RecordingIntake } from "../../test/support/recording-intake.ts";
import { defaultEdgeLimits, defaultLifetimeMs, defaultNotificationLifetimeMs } from "./config.ts";
import { noMetrics } from "./metrics.ts";
import { type Origin, Receiver } from "./receiver.ts";

const clock = new ManualClock();
const config = {
  hostname: "mta1.example.net",
  lifetimeMs: defaultLifetimeMs,
  notificationLifetimeMs: defaultNotificationLifetimeMs,
  limits: { ...defaultEdgeLimits, recipientsPerUnitMax: 3 },
};
const inbound: Origin = {
  clientAddress: "192.0.2.1",
  listener: { name: "inbound", kind: "inbound", mayActAs: [] },
};
const submission: Origin = {
  clientAddress: "192.0.2.1",
  listener: { name: "submission", kind: "submission", mayActAs: ["*"] },
  user: { name: "alice", tenant: "acme" },
  tls: { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", isVerified: false },
};

function recipient(path: string, parameters = {}): AdmittedRecipient {
  const parsed = parseForwardPath(`<${path}>`);
  if (!parsed.ok) throw new Error(`no path: ${path}`);
  return { forwardPath: parsed.path, parameters };
}

function transactionTo(recipients: readonly AdmittedRecipient[], from = "a@client.example") {
  const parsed = parseReversePath(`<${from}>`);
  if (!parsed.ok) throw new Error(`no path: ${from}`);
  const transaction: Transaction = {
    reversePath: parsed.path,
    parameters: { body: "8bitmime", smtpUtf8: false },
    recipients,
    helo: "client.example",
    isExtended: true,
  };
  return transaction;
}

const content = new TextEncoder().encode("From: a\r\n\r\nhello\r\n");

function receiverOn(intake: Intake, events: EventSink = noEvents) {
  const ports = {
    intake,
    clock,
    random: seededRandom(1),
    log: silentLog,
    metrics: noMetrics,
    events,
  };
  return new Receiver(config, ports);
}

async function received(
  transaction: Transaction,
  origin: Origin = inbound,
  bytes: Uint8Array = content,
): Promise<Message> {
  const intake = new RecordingIntake(new MemoryLog({ clock, shards: 4 }).intake());
  const answer = await receiverOn(intake).receive({ transaction, content: bytes, origin });
  const [message] = intake.accepted;
  if (message === undefined) throw new Error(`not accepted: ${JSON.stringify(answer)}`);
  expect(answer).toEqual({ kind: "accepted", queueId: message.id });
  return message;
}

const unitsOf = ({ units }: Message) =>
  units.map((u) => `${u.uid.slice(27)} ${u.destination}: ${u.recipients.map((r) => r.path)}`);

describe("Receiver.receive()", () => {
  test("makes a unit for each destination, and no larger ones than allowed", async () => {
    const paths = ["a@x.example", "b@y.example", "c@x.example", "d@X.example", "e@x.example"];
    const message = await received(transactionTo(paths.map((path) => recipient(path))));
    expect(unitsOf(message)).toEqual([
      "0 x.example: a@x.example,c@x.example,d@x.example",
      "1 y.example: b@y.example",
      "2 x.example: e@x.example",
    ]);
  });

  test("takes a recipient named twice once", async () => {
    const twice = [recipient("a@x.example"), recipient("a@x.example")];
    expect(unitsOf(await received(transactionTo(twice)))).toEqual(["0 x.example: a@x.example"]);
  });

  test("sends <Postmaster> to this host's postmaster (RFC 5321 §4.5.1)", async () => {
    const message = await received(transactionTo([recipient("Postmaster")]));
    expect(unitsOf(message)).toEqual(["0 mta1.example.net: postmaster@mta1.example.net"]);
  });

  describe("of a message that is not to be sent yet", () => {
    const day = 86_400_000;
    const now = clock.now();
    const later = (notBefore: number, from?: string) => {
      const transaction = transactionTo([recipient("a@x.example"), recipient("b@y.example")], from);
      return { ...transaction, parameters: { ...transaction.parameters, notBefore } };
    };

    test("tells each unit, whose lifetime begins then", async () => {
      const notBefore = now + 3 * day;
      const { units } = await received(later(notBefore), submission);
      const expected = { acceptedAt: now, notBefore, expiresAt: notBefore + defaultLifetimeMs };
      expect(units).toMatchObject([expected, expected]);
      const [notice] = (await received(later(notBefore, ""), submission)).units;
      expect(notice?.expiresAt).toBe(notBefore + defaultNotificationLifetimeMs);
    });

    test("forgets a time that is over", async () => {
      const [unit] = (await received(later(now), submission)).units;
      expect(unit?.expiresAt).toBe(now + defaultLifetimeMs);
      expect(unit).not.toHaveProperty("notBefore");
    });

    test("tells others", async () => {
      const events = new RecordedEvents();
      const receiver = receiverOn(new MemoryLog({ clock, shards: 4 }).intake(), events);
      const transaction = later(now + day);
      await receiver.receive({ transaction, content, origin: submission });
      const notBefore = new Date(now + day).toISOString();
      expect(events.records).toMatchObject([{ notBefore }, { notBefore }]);
    });

    test("adds nothing to its content", async () => {
      const text = async (transaction: Transaction) =>
        new TextDecoder().decode((await received(transaction, submission)).content);
      expect(await text(later(now + day))).toBe(await text(later(now)));
    });
  });

  test("keeps envelope and DSN parameters", async () => {
    const transaction = {
      ...transactionTo([recipient("a@x.example", { notify: ["never"], orcpt: "rfc822;z@x" })]),
      parameters: { body: "7bit", smtpUtf8: true, ret: "full", envid: "QQ" } as const,
    };
    const [unit] = (await received(transaction, submission)).units;
    expect(unit).toMatchObject({
      envelope: {
        reversePath: "a@client.example",
        body: "7bit",
        smtpUtf8: true,
        ret: "full",
        envid: "QQ",
      },
      recipients: [{ path: "a@x.example", notify: ["never"], orcpt: "rfc822;z@x" }],
      tenant: "acme",
      acceptedAt: clock.now(),
      expiresAt: clock.now() + defaultLifetimeMs,
      isNotification: false,
    });
  });

  test("lets a null reverse-path expire sooner", async () => {
    const [unit] = (await received(transactionTo([recipient("a@x.example")], ""))).units;
    expect(unit?.envelope.reversePath as string).toBe("");
    expect(unit?.expiresAt).toBe(clock.now() + defaultNotificationLifetimeMs);
  });

  test("names the recipient in the trace field only when there is one", async () => {
    const text = async (paths: string[]) =>
      new TextDecoder().decode(
        (await received(transactionTo(paths.map((path) => recipient(path))))).content,
      );
    expect(await text(["a@x.example"])).toContain("\tfor <a@x.example>;\r\n");
    expect(await text(["a@x.example", "b@x.example"])).not.toContain("\tfor <");
  });

  const labelled = new TextEncoder().encode(
    "X-Godwit-Campaign: spring\r\nFrom: a\r\nX-Godwit-Pool: warm\r\n" +
      "X-Godwit-Priority: high\r\n\r\nhello\r\n",
  );

  test("obeys a submission's fields for us in every unit, and takes them out", async () => {
    const transaction = transactionTo([recipient("a@x.example"), recipient("b@y.example")]);
    const message = await received(transaction, submission, labelled);
    const labels = { tenant: "acme", campaign: "spring", pool: "warm", lane: "h" };
    expect(message.units).toMatchObject([labels, labels]);
    const text = new TextDecoder().decode(message.content);
    expect(text).not.toMatch(/x-godwit/i);
    expect(text.endsWith("\r\nFrom: a\r\n\r\nhello\r\n")).toBe(true);
    expect(message.units[0]?.sizeBytes).toBe(message.content.length);
  });

  test("neither obeys nor removes such fields in what others send", async () => {
    const message = await received(transactionTo([recipient("a@x.example")]), inbound, labelled);
    expect(message.units[0]?.lane).toBe("n");
    expect(message.units[0]).not.toContainAnyKeys(["tenant", "campaign", "pool"]);
    const end = message.content.subarray(message.content.length - labelled.length);
    expect(end).toEqual(labelled);
  });

  test("refuses a submission that names a tenant which is not the user's", async () => {
    const intake = new RecordingIntake(new MemoryLog({ clock, shards: 4 }).intake());
    const bytes = new TextEncoder().encode("X-Godwit-Tenant: blue\r\n\r\n");
    const transaction = transactionTo([recipient("a@x.example")]);
    const asked = { transaction, content: bytes, origin: submission };
    expect(await receiverOn(intake).receive(asked)).toMatchObject({
      kind: "refused",
      reply: { code: 550, status: "5.7.1" },
    });
    expect(intake.accepted).toEqual([]);
  });

  test("completes a submission, and says how it came", async () => {
    const message = await received(transactionTo([recipient("a@x.example")]), submission);
    const text = new TextDecoder().decode(message.content);
    expect(text).toContain(`with ESMTPSA id ${message.id}`);
    expect(text).toContain("(TLSv1.3 TLS_AES_128_GCM_SHA256)");
    expect(text).toContain(`Message-ID: <${message.id}@mta1.example.net>\r\n`);
    expect(text.endsWith("From: a\r\n\r\nhello\r\n")).toBe(true);
    expect(message.units[0]?.sizeBytes).toBe(message.content.length);
  });

  test.each([
    ["452 4.3.1 when there is no room", new IntakeFull("full"), 452, "4.3.1"],
    ["451 4.3.0 when it is in doubt", new IntakeUnavailable("timeout"), 451, "4.3.0"],
    ["451 4.3.0 when anything else breaks", new TypeError("boom"), 451, "4.3.0"],
  ])("answers %s, without our details", async (_, error, code, status) => {
    const faults = { before: () => Promise.reject(error), after: () => Promise.resolve() };
    const intake = new MemoryLog({ clock, shards: 4 }).intake(faults);
    const transaction = transactionTo([recipient("a@x.example")]);
    const answer = await receiverOn(intake).receive({ transaction, content, origin: inbound });
    expect(answer).toMatchObject({ kind: "refused", reply: { code, status } });
    expect(JSON.stringify(answer)).not.toContain(error.message);
  });

  test("says 250 only after the message is durable", async () => {
    const events: string[] = [];
    const faults = {
      before: async () => void events.push("asked"),
      after: async () => void events.push("durable"),
    };
    const intake = new MemoryLog({ clock, shards: 4 }).intake(faults);
    const transaction = transactionTo([recipient("a@x.example")]);
    const answer = await receiverOn(intake).receive({ transaction, content, origin: inbound });
    events.push(answer.kind);
    expect(events).toEqual(["asked", "durable", "accepted"]);
  });

  test("tells an event for each recipient, with where it came from", async () => {
    const events = new RecordedEvents();
    const told: number[] = [];
    const faults = {
      before: async () => void told.push(events.records.length),
      after: async () => void told.push(events.records.length),
    };
    const intake = new MemoryLog({ clock, shards: 4 }).intake(faults);
    const paths = ["a@x.example", "b@y.example", "c@x.example"];
    const transaction = transactionTo(paths.map((path) => recipient(path)));
    const origin = { ...submission, sessionId: "01SESSION" };
    const withId = new TextEncoder().encode("Message-ID: <1@client.example>\r\n\r\nhello\r\n");
    const answer = await receiverOn(intake, events).receive({
      ...{ transaction, origin },
      content: withId,
    });
    expect({ kind: answer.kind, told }).toEqual({ kind: "accepted", told: [0, 0] });
    const { records } = events;
    expect(records.map((r) => `${r.uid?.slice(27)} ${r.recipient}`)).toEqual([
      "0 a@x.example",
      "0 c@x.example",
      "1 b@y.example",
    ]);
    const at = new Date(clock.now()).toISOString();
    expect(records[1]).toMatchObject({
      ...{ v: 1, kind: "reception", at, createdAt: at, node: events.node },
      eventId: `${records[1]?.uid}/reception/0/c@x.example`,
      ...{ destination: "x.example", reversePath: "a@client.example", tenant: "acme" },
      messageId: "<1@client.example>",
      ...{ protocol: "ESMTPSA", tlsProtocol: "TLSv1.3", tlsCipher: "TLS_AES_128_GCM_SHA256" },
      ...{ listener: "submission", clientAddress: "192.0.2.1", helo: "client.example" },
      ...{ user: "alice", sessionId: "01SESSION" },
    });
    expect(records[1]?.sizeBytes).toBeGreaterThan(withId.length);
  });

  test("tells no event of what it refused", async () => {
    const events = new RecordedEvents();
    const refuse = { before: () => Promise.reject(new IntakeFull("full")), after: async () => {} };
    const intake = new MemoryLog({ clock, shards: 4 }).intake(refuse);
    const transaction = transactionTo([recipient("a@x.example")]);
    await receiverOn(intake, events).receive({ transaction, content, origin: inbound });
    expect(events.records).toEqual([]);
  });
});
