/**
 * The real servers that later tests deliver to: each starts, takes a message, and has it in a file.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { makeIdentity } from "../../services/edge/identity.ts";
import { dovecotMissing, startDovecot } from "../peers/dovecot.ts";
import { eximMissing, startExim } from "../peers/exim.ts";
import { mailIn } from "../peers/maildir.ts";
import { openSmtpdMissing, startOpenSmtpd } from "../peers/opensmtpd.ts";
import { assertThere } from "../peers/packages.ts";
import type { Peer } from "../peers/peer.ts";
import { postfixMissing, startPostfix } from "../peers/postfix.ts";
import { RawPeer } from "../support/raw-peer.ts";

const noPostfix = await postfixMissing();
const noExim = await eximMissing();
const noOpenSmtpd = await openSmtpdMissing();
const noDovecot = await dovecotMissing();
const startMaxMs = 30_000;

async function said(client: RawPeer, command: string, code: string): Promise<string> {
  const reply = await client.say(command);
  expect(`${command}: ${reply}`).toStartWith(`${command}: ${code}`);
  return reply;
}

async function greeted(peer: Peer, hello: string): Promise<RawPeer> {
  const client = await RawPeer.connect(peer.endpoint);
  expect(await client.reply()).toStartWith("220 ");
  await said(client, hello, "250");
  return client;
}

async function send(peer: Peer, hello: string, recipient: string): Promise<void> {
  const client = await greeted(peer, hello);
  await said(client, "MAIL FROM:<sender@client.example>", "250");
  await said(client, `RCPT TO:<${recipient}>`, "250");
  await said(client, "DATA", "354");
  await said(client, "Subject: hello\r\n\r\n..dot\r\n.", "250");
  await said(client, "QUIT", "221");
  await client.closed();
}

const whatWasSent = "Subject: hello\n\n.dot\n";

test("real servers are there where they must be", () => {
  assertThere(noPostfix);
  assertThere(noDovecot);
});

describe.skipIf(noPostfix !== undefined)(`Postfix ${noPostfix ?? ""}`, () => {
  let peer: Peer;
  beforeAll(async () => {
    const identity = await makeIdentity("postfix.example");
    const users = ["alice"];
    peer = await startPostfix({ domains: ["local.example"], users, identity });
  }, startMaxMs);
  afterAll(() => peer.stop());

  test(
    "takes a message and delivers it",
    async () => {
      const maildir = await peer.maildir("alice");
      await send(peer, "EHLO client.example", "alice@local.example");
      const [message] = await mailIn(maildir);
      expect(message?.toString()).toEndWith(whatWasSent);
    },
    startMaxMs,
  );

  test("knows neither strangers nor other domains", async () => {
    const client = await greeted(peer, "EHLO client.example");
    await said(client, "MAIL FROM:<sender@client.example>", "250");
    await said(client, "RCPT TO:<bob@local.example>", "550 5.1.1");
    await said(client, "RCPT TO:<alice@elsewhere.example>", "554 5.7.1");
    client.destroy();
  });

  test("speaks TLS", async () => {
    const client = await greeted(peer, "EHLO client.example");
    await said(client, "STARTTLS", "220");
    await client.startTls();
    await said(client, "EHLO client.example", "250");
    client.destroy();
  });
});

test.skipIf(noPostfix !== undefined)(
  "Postfix throws mail away when it is measured",
  async () => {
    const everybodyElse = "all";
    const peer = await startPostfix({
      domains: ["local.example"],
      deliver: "discard",
      everybodyElse,
    });
    const maildir = await peer.maildir(everybodyElse);
    await send(peer, "EHLO client.example", "anybody@local.example");
    await peer.logged("relay=none");
    expect(await peer.log()).toContain("status=sent");
    expect(await readdir(`${maildir}/new`)).toEqual([]);
    await peer.stop();
  },
  startMaxMs,
);

describe.skipIf(noDovecot !== undefined)(`Dovecot ${noDovecot ?? ""}`, () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startDovecot();
  }, startMaxMs);
  afterAll(() => peer.stop());

  test(
    "takes a message by LMTP and delivers it",
    async () => {
      const maildir = await peer.maildir("bob");
      await send(peer, "LHLO client.example", "bob@any.example");
      const [message] = await mailIn(maildir);
      expect(message?.toString()).toEndWith(whatWasSent);
    },
    startMaxMs,
  );
});

describe.skipIf(noExim !== undefined)(`Exim ${noExim ?? ""}`, () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startExim({ domains: ["local.example"], users: ["carol"] });
  }, startMaxMs);
  afterAll(() => peer.stop());

  test(
    "takes a message and delivers it",
    async () => {
      const maildir = await peer.maildir("carol");
      await send(peer, "EHLO client.example", "carol@local.example");
      const [message] = await mailIn(maildir);
      expect(message?.toString()).toEndWith(whatWasSent);
    },
    startMaxMs,
  );

  test("knows neither strangers nor other domains", async () => {
    const client = await greeted(peer, "EHLO client.example");
    await said(client, "MAIL FROM:<sender@client.example>", "250");
    await said(client, "RCPT TO:<bob@local.example>", "550");
    await said(client, "RCPT TO:<alice@elsewhere.example>", "550");
    client.destroy();
  });
});

describe.skipIf(noOpenSmtpd !== undefined)(`OpenSMTPD ${noOpenSmtpd ?? ""}`, () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startOpenSmtpd({ domains: ["local.example"], users: ["dave"] });
  }, startMaxMs);
  afterAll(() => peer.stop());

  test(
    "takes a message and delivers it",
    async () => {
      const maildir = await peer.maildir("dave");
      await send(peer, "EHLO client.example", "dave@local.example");
      const [message] = await mailIn(maildir);
      // It completes what a local client sends.
      expect(message?.toString()).toContain("\nSubject: hello\n");
      expect(message?.toString()).toEndWith("\n\n.dot\n");
    },
    startMaxMs,
  );

  test("knows neither strangers nor other domains", async () => {
    const client = await greeted(peer, "EHLO client.example");
    await said(client, "MAIL FROM:<sender@client.example>", "250");
    await said(client, "RCPT TO:<bob@local.example>", "550");
    await said(client, "RCPT TO:<dave@elsewhere.example>", "550");
    client.destroy();
  });
});
