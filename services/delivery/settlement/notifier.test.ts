import { describe, expect, test } from "bun:test";
import type { Message } from "#lib/queue/unit";
import type { Reply } from "#lib/smtp/reply";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import { type Notice, Notifier } from "./notifier.ts";

const hour = 3_600_000;
const now = 1_795_100_000_000;
const original = Buffer.from("Subject: hello\r\n\r\nThe body\r\n");
const reply: Reply = { code: 550, class: 5, lines: ["first line", "No such user"] };
const last = { status: "5.1.1", code: 550, text: "No", remote: "mx.example", at: now } as const;

async function sent(notice: Partial<Notice> = {}): Promise<Message | undefined> {
  let accepted: Message | undefined;
  const notifier = new Notifier({
    intake: {
      accept: async (message) => {
        accepted = message;
      },
    },
    clock: new VirtualClock(now),
    log: silentLog,
    hostname: "out.example",
    lifetimeMs: 48 * hour,
  });
  const recipients = [{ recipient: { path: path("b@example.net") }, last, reply, triedAt: now }];
  await notifier.send(
    { action: "failed", unit: unitOf(), recipients, attempt: 1, ...notice },
    original,
  );
  return accepted;
}

const textOf = (message: Message | undefined) => Buffer.from(message?.content ?? []).toString();

describe("Notifier", () => {
  test("makes a unit for the reverse-path, itself with the null one, for a shorter life", async () => {
    const message = await sent();
    expect(message?.isRepeatable).toBe(true);
    expect(message?.units).toMatchObject([
      {
        destination: "source.example",
        envelope: { reversePath: "", body: "7bit", smtpUtf8: false },
        recipients: [{ path: "a@source.example", notify: ["never"] }],
        isNotification: true,
        acceptedAt: now,
        expiresAt: now + 48 * hour,
      },
    ]);
    expect(message?.units[0]?.sizeBytes).toBe(message?.content.length ?? 0);
  });

  test("tells the remote's words as they were, and only the header section of the mail", async () => {
    const text = textOf(await sent());
    expect(text).toContain("Diagnostic-Code: smtp; 550-first line 550 No such user\r\n");
    expect(text).toContain("Remote-MTA: dns; mx.example\r\n");
    expect(text).toContain("Subject: hello");
    expect(text).not.toContain("The body");
  });

  test.each([
    ["full", true],
    ["headers", false],
  ] as const)("RET=%s: the body goes back: %p", async (ret, isFull) => {
    const { envelope } = unitOf();
    const text = textOf(
      await sent({ unit: unitOf({ envelope: { ...envelope, ret, envid: "QQ+31" } }) }),
    );
    expect(text.includes("The body")).toBe(isFull);
    expect(text).toContain("Original-Envelope-Id: QQ1\r\n");
  });

  test("of mail that was never tried it names no last attempt", async () => {
    const { code: _, remote: __, ...unanswered } = last;
    const recipients = [{ recipient: { path: path("b@example.net") }, last: unanswered }];
    expect(textOf(await sent({ recipients }))).not.toContain("Last-Attempt-Date");
  });

  test("of delayed mail it tells until when it is tried", async () => {
    const text = textOf(await sent({ action: "delayed" }));
    expect(text).toContain("Will-Retry-Until: ");
    expect(text).toContain("Action: delayed\r\n");
  });

  test("the id follows from unit, action and attempt", async () => {
    const ids = await Promise.all([
      sent(),
      sent(),
      sent({ attempt: 2 }),
      sent({ action: "delayed" }),
    ]);
    const [first, same, ...others] = ids.map((message) => message?.id);
    expect(same).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });

  test("nothing goes to the null reverse-path (RFC 5321 §6.1)", async () => {
    const { envelope } = unitOf();
    const unit = unitOf({ envelope: { ...envelope, reversePath: path("") } });
    expect(await sent({ unit })).toBeUndefined();
  });

  test("what cannot be reported on stops nobody", async () => {
    expect(await sent({ recipients: [] })).toBeUndefined();
  });
});
