/**
 * From the final dot to the queue, over the whole edge: what is added, what is refused, and how.
 */
import { describe, expect, test } from "bun:test";
import { fakeIdentity } from "#lib/net/memory-connection";
import { IntakeUnavailable } from "#lib/stream/intake";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../test/support/edge/edge-config.ts";
import {
  codesIn,
  MemoryEdge,
  type MemoryEdgeOptions,
} from "../../test/support/edge/memory-edge.ts";

const trusted = { trustedNetworks: ["198.51.100.0/24"] };
const identity = fakeIdentity("edge.example");

interface Sending {
  readonly lines: readonly string[];
  readonly listener?: "inbound" | "submission";
  readonly from?: string;
  readonly recipients?: readonly string[];
}

async function world(options: MemoryEdgeOptions = {}): Promise<MemoryEdge> {
  const listeners = [inboundListener(), submissionListener(trusted)];
  return await MemoryEdge.start(edgeConfig({ listeners, identity, pools: ["bulk"] }), options);
}

async function replyTo(edge: MemoryEdge, { lines, listener, from, recipients }: Sending) {
  const client = await edge.client({
    ...(listener === undefined ? {} : { name: listener }),
    ...(from === undefined ? {} : { from }),
  });
  const paths = recipients ?? ["b@local.example"];
  const rcpts = paths.map((path) => `RCPT TO:<${path}>`);
  await client.say("MAIL FROM:<a@client.example>", ...rcpts, "DATA");
  return (await client.codes(...lines, ".")).join();
}

const text = (edge: MemoryEdge) => edge.intake.lastContent;

describe("a message that is not to be sent yet (RFC 4865)", () => {
  const mail = ["RCPT TO:<b@remote.example>", "DATA", "x", "."];

  test("is taken with its time on submission, as EHLO says", async () => {
    const edge = await world();
    const client = await edge.connect({ name: "submission" });
    expect(await client.say("EHLO client.example")).toContain(
      "250 FUTURERELEASE 2592000 2023-12-14T22:13:20Z\r\n",
    );
    await client.say("MAIL FROM:<a@client.example> HOLDFOR=3600", ...mail);
    const notBefore = edge.clock.now() + 3_600_000;
    expect(edge.intake.accepted[0]?.units).toMatchObject([{ notBefore }]);
    const accepted = edge.lines.find(({ event }) => event === "message_accepted");
    expect(accepted?.fields.not_before).toBe(new Date(notBefore).toISOString());
  });

  test("is not, where it is not offered: on inbound, and where nobody may", async () => {
    const inbound = await (await world()).client();
    expect(await inbound.codes("MAIL FROM:<a@x.example> HOLDFOR=60")).toEqual(["555 5.5.4"]);
    const listeners = [submissionListener(trusted)];
    const edge = await MemoryEdge.start(edgeConfig({ listeners, scheduledMsMax: 0 }));
    const client = await edge.connect({ name: "submission" });
    expect(await client.say("EHLO client.example")).not.toContain("FUTURERELEASE");
    expect(await client.codes("MAIL FROM:<a@x.example> HOLDFOR=60")).toEqual(["555 5.5.4"]);
  });

  test("may be further ahead after a reload", async () => {
    const edge = await world();
    const client = await edge.client({ name: "submission" });
    const ahead = "MAIL FROM:<a@x.example> HOLDFOR=3000000";
    expect(await client.codes(ahead)).toEqual(["501 5.5.4"]);
    const listeners = [inboundListener(), submissionListener(trusted)];
    const scheduledMsMax = 60 * 86_400_000;
    edge.edge.reload(edgeConfig({ listeners, identity, scheduledMsMax }));
    const next = await edge.client({ name: "submission" });
    expect(await next.codes(ahead)).toEqual(["250 2.1.0"]);
  });
});

describe("the trace field", () => {
  test("says who, how, under which id, for whom and when (RFC 5321 §4.4)", async () => {
    const edge = await world();
    await replyTo(edge, { lines: ["Subject: x", "", "x"] });
    const [message] = edge.intake.accepted;
    expect(text(edge)).toBe(
      "Received: from client.example ([198.51.100.7])\r\n" +
        `\tby edge.example with ESMTP id ${message?.id}\r\n` +
        "\tfor <b@local.example>;\r\n" +
        "\tTue, 14 Nov 2023 22:13:20 +0000\r\n" +
        "Subject: x\r\n\r\nx\r\n",
    );
  });

  test("names an IPv6 client, and no recipient where there are several", async () => {
    const edge = await world();
    const recipients = ["b@local.example", "c@local.example"];
    await replyTo(edge, { lines: ["Subject: x", "", "x"], from: "2001:db8::7", recipients });
    expect(text(edge)).toStartWith("Received: from client.example ([IPv6:2001:db8::7])\r\n");
    expect(text(edge)).not.toContain("for <");
  });

  test("says SMTP after HELO, and ESMTPS with the cipher under TLS (RFC 3848)", async () => {
    const edge = await world();
    const plain = await edge.connect();
    const mail = ["MAIL FROM:<>", "RCPT TO:<b@local.example>", "DATA", "", "x", "."];
    await plain.say("HELO old.example", ...mail);
    expect(text(edge)).toContain("\r\n\tby edge.example with SMTP id ");
    const secure = await edge.client();
    await secure.say("STARTTLS");
    await secure.startTls("edge.example");
    await secure.say("EHLO client.example");
    await secure.say(...mail);
    expect(text(edge)).toContain("\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n");
    expect(text(edge)).toContain(" with ESMTPS id ");
  });
});

describe("Date and Message-ID", () => {
  test("are added to a submission that lacks them (RFC 6409 §8)", async () => {
    const edge = await world();
    const lines = ["From: a@client.example", "", "x"];
    await replyTo(edge, { lines, listener: "submission" });
    expect(text(edge)).toContain("\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <");
  });

  test("are left as they are when they are there", async () => {
    const edge = await world();
    const lines = ["DATE: today", "message-id: <x@y>", "", "x"];
    await replyTo(edge, { lines, listener: "submission" });
    expect(text(edge)).toEndWith("+0000\r\nDATE: today\r\nmessage-id: <x@y>\r\n\r\nx\r\n");
  });

  test("are never added to what others send (RFC 5321 §6.4)", async () => {
    const edge = await world();
    await replyTo(edge, { lines: ["From: a@client.example", "", "x"] });
    expect(text(edge)).not.toMatch(/^(Date|Message-ID):/m);
  });
});

describe("content is refused", () => {
  const received = "Received: from a by b; today";
  const line = (length: number) => "x".repeat(length);

  test.each<[string, Sending, string]>([
    ["with 51 trace fields: 554 5.4.6", { lines: Array(51).fill(received) }, "554 5.4.6"],
    ["but not with 50", { lines: Array(50).fill(received) }, "250 2.0.0"],
    [
      "of a pool that is not there, in a submission",
      { lines: ["X-Godwit-Pool: nope", "", "x"], listener: "submission" },
      "550 5.6.0",
    ],
    [
      "but not of one that is",
      { lines: ["X-Godwit-Pool: bulk", "", "x"], listener: "submission" },
      "250 2.0.0",
    ],
    ["nor in what others send", { lines: ["X-Godwit-Pool: nope", "", "x"] }, "250 2.0.0"],
    ["with a bare LF", { lines: ["a\nb"] }, "550 5.6.0"],
    ["with a bare CR", { lines: ["a\rb"] }, "550 5.6.0"],
    ["with a dot after a bare LF", { lines: ["a\n.\nMAIL FROM:<x@evil.example>"] }, "550 5.6.0"],
    ["with a line over 8,192 octets", { lines: [line(8_193)] }, "550 5.6.0"],
    ["but not with one of 8,192", { lines: [line(8_192)] }, "250 2.0.0"],
    [
      "with a line over 998 octets in a submission",
      { lines: ["", line(999)], listener: "submission" },
      "550 5.6.0",
    ],
    [
      "but not with one of 998 in a submission",
      { lines: ["", line(998)], listener: "submission" },
      "250 2.0.0",
    ],
  ])("%s", async (_, sending, expected) => {
    const edge = await world();
    expect(await replyTo(edge, sending)).toBe(expected);
    expect(edge.intake.accepted.length).toBe(expected.startsWith("250") ? 1 : 0);
  });
});

test("a message that is refused is in the log, since its sender will ask", async () => {
  const edge = await world();
  const client = await edge.client();
  await client.say("MAIL FROM:<>", "RCPT TO:<b@local.example>", "DATA", "x\ny", ".", "NONSENSE");
  const logged = edge.lines.filter(({ event }) => event === "message_refused");
  expect(logged.map(({ fields }) => fields)).toEqual([
    {
      client: "198.51.100.7",
      listener: "inbound",
      user: undefined,
      code: 550,
      status: "5.6.0",
      reason: "Bare CR or LF in message: lines must end with CRLF",
    },
  ]);
});

describe("the queue's answer", () => {
  test("that there is no room is 452 4.3.1, and the session goes on", async () => {
    const edge = await world({ bytesMax: 1 });
    const client = await edge.client();
    const mail = ["MAIL FROM:<>", "RCPT TO:<b@local.example>", "DATA", "x", ".", "NOOP"];
    const codes = ["250 2.1.0", "250 2.1.5", "354", "452 4.3.1", "250 2.0.0"];
    expect(await client.codes(...mail)).toEqual(codes);
  });

  test("that it cannot be reached is 451 4.3.0 with an id that is in the log, too", async () => {
    const faults = {
      before: () => Promise.reject(new IntakeUnavailable("disk on fire")),
      after: () => Promise.resolve(),
    };
    const edge = await world({ faults });
    const client = await edge.client();
    await client.say("MAIL FROM:<>", "RCPT TO:<b@local.example>", "DATA");
    const said = await client.say("x", ".");
    expect(codesIn(said)).toEqual(["451 4.3.0"]);
    expect(said).not.toContain("fire");
    const id = /reference ([0-9A-Z]{26})/.exec(said)?.[1];
    const told = edge.lines.find(({ event }) => event === "message_refused");
    expect(told?.fields.queue_id).toBe(id);
  });

  test("that is no good for one session does not end another's", async () => {
    const edge = await world({ bytesMax: 500 });
    const refused = await replyTo(edge, { lines: ["x".repeat(800)] });
    const taken = await replyTo(edge, { lines: ["x"] });
    expect([refused, taken]).toEqual(["452 4.3.1", "250 2.0.0"]);
  });
});
