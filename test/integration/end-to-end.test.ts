/**
 * The whole way: mail clients submit to the real process, which delivers to real servers, where it
 * is read.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { makeIdentity } from "../../services/edge/identity.ts";
import { dovecotMissing, startDovecot } from "../peers/dovecot.ts";
import { mailIn } from "../peers/maildir.ts";
import { assertThere } from "../peers/packages.ts";
import type { Peer } from "../peers/peer.ts";
import { postfixMissing, startPostfix } from "../peers/postfix.ts";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { RawPeer } from "../support/raw-peer.ts";

const noServers = (await postfixMissing()) ?? (await dovecotMissing());
const startMaxMs = 60_000;
const auth = { user: "alice", pass: "wonderland" };
const sender = "alice@home.example";

test("real servers are there where they must be", () => {
  assertThere(noServers);
});

describe.skipIf(noServers !== undefined)(`from clients to mailboxes ${noServers ?? ""}`, () => {
  let folder: string;
  /** Elsewhere: takes mail by SMTP. */
  let postfix: Peer;
  /** Here: the mailboxes of our own users. */
  let dovecot: Peer;
  let godwit: RunningGodwit;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "godwit-end-"));
    postfix = await startPostfix({
      domains: ["remote.example"],
      users: ["bob", "carol", "dave", "erin"],
      identity: await makeIdentity("postfix.example"),
    });
    dovecot = await startDovecot();
    for (const user of ["bob", "carol", "dave", "erin"]) await postfix.maildir(user);
    for (const user of ["alice", "frank", "gina", "henry", "ines"]) await dovecot.maildir(user);
    await writeFile(join(folder, "godwit.yaml"), await configuration());
    godwit = await RunningGodwit.start(folder);
  }, startMaxMs);

  afterAll(async () => {
    const code = await godwit.stop();
    await Promise.all([postfix.stop(), dovecot.stop()]);
    await rm(folder, { recursive: true, force: true });
    expect(code).toBe(0);
  }, startMaxMs);

  async function configuration(): Promise<string> {
    const cost = { algorithm: "argon2id", memoryCost: 8, timeCost: 1 } as const;
    const hash = await Bun.password.hash(auth.pass, cost);
    const hop = ({ endpoint }: Peer) => `127.0.0.1:${endpoint.port}`;
    return `
hostname: mta1.example.net
data: ./data
listeners:
  - { name: submission, address: 127.0.0.1, port: 0, kind: submission }
  - { name: submissions, address: 127.0.0.1, port: 0, kind: submission, tls: { implicit: true } }
  - { name: inbound, address: 127.0.0.1, port: 0, kind: inbound, localDomains: [home.example] }
users: [{ name: alice, passwordHash: "${hash}" }]
routes:
  - { domain: remote.example, nextHop: "smtp://${hop(postfix)}" }
  - { domain: home.example, nextHop: "lmtp://${hop(dovecot)}" }
control: { address: 127.0.0.1, port: 0 }
`;
  }

  const nodemailerTo = (name: string, options: object) =>
    createTransport({
      host: "127.0.0.1",
      port: godwit.at(name).port,
      tls: { rejectUnauthorized: false },
      auth,
      ...options,
    });

  async function read(peer: Peer, user: string, count = 1): Promise<string[]> {
    const found = await mailIn(await peer.maildir(user), { count });
    return found.map((message) => message.toString());
  }

  test("nodemailer's mail is read at Postfix and at Dovecot, by one submission", async () => {
    const transport = nodemailerTo("submissions", { secure: true });
    await transport.sendMail({
      from: sender,
      to: ["bob@remote.example", "ines@home.example"],
      subject: "Lunch",
      text: "Tomorrow at noon?\n.\n",
    });
    transport.close();
    for (const [peer, user] of [[postfix, "bob"] as const, [dovecot, "ines"] as const]) {
      const [message = ""] = await read(peer, user);
      expect(message).toStartWith(`Return-Path: <${sender}>\n`);
      expect(message).toContain("\n\tby mta1.example.net with ESMTPSA id ");
      expect(message).toContain("\nSubject: Lunch\n");
      expect(message).toEndWith("\n\nTomorrow at noon?\n.\n");
    }
  });

  test("smtplib's octets are the same below our trace field", async () => {
    const lines = [`From: ${sender}`, "Date: today", "Message-ID: <x@y>", "Subject: Grüße", ""];
    const content = [...lines, ".", "..", "x".repeat(998), " \t", "", ""].join("\r\n");
    const port = `${godwit.at("submission").port}`;
    const sent = await mailClient(["submit", port, sender, "carol@remote.example"], content);
    expect(sent).toEqual({ refused: 0 });
    const [message = ""] = await read(postfix, "carol");
    expect(message).toEndWith(content.replaceAll("\r\n", "\n"));
  });

  test("many messages, each once", async () => {
    const transport = nodemailerTo("submission", { pool: true, maxConnections: 5 });
    const count = 100;
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        transport.sendMail({ from: sender, to: "dave@remote.example", subject: `n=${i};` }),
      ),
    );
    transport.close();
    const messages = await read(postfix, "dave", count);
    const numbers = messages.map((message) => Number(/^Subject: n=(\d+);$/m.exec(message)?.[1]));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test("mail from elsewhere is read in the mailbox here", async () => {
    const peer = await RawPeer.connect(godwit.at("inbound"));
    await peer.reply();
    await peer.say("EHLO client.example");
    await peer.say("MAIL FROM:<stranger@client.example>");
    await peer.say("RCPT TO:<gina@home.example>");
    expect(await peer.say("RCPT TO:<bob@remote.example>")).toStartWith("550 5.7.1 ");
    await peer.say("DATA");
    expect(await peer.say("Subject: hello\r\n\r\nhello\r\n.")).toStartWith("250 2.0.0 ");
    peer.destroy();
    const [message = ""] = await read(dovecot, "gina");
    expect(message).toEndWith("\nSubject: hello\n\nhello\n");
  });

  test("what cannot be delivered comes back, and a mail client understands it", async () => {
    const transport = nodemailerTo("submission", {});
    await transport.sendMail({
      from: sender,
      to: ["nobody@remote.example", "erin@remote.example"],
      subject: "To nobody",
      text: "Are you there?",
    });
    transport.close();
    expect((await read(postfix, "erin"))[0]).toContain("\nSubject: To nobody\n");
    const [bounce = ""] = await read(dovecot, "alice");
    const seen = await mailClient(["read"], bounce);
    expect(seen).toMatchObject({
      type: "multipart/report",
      reportType: "delivery-status",
      to: sender,
      returnPath: "<>",
      autoSubmitted: "auto-replied",
      defects: [],
      kinds: ["text/plain", "message/delivery-status", expect.stringMatching(/rfc822/)],
      text: expect.stringContaining("nobody@remote.example"),
      original: "To nobody",
    });
    expect(seen).toMatchObject({
      status: [
        { "Reporting-MTA": "dns; mta1.example.net", "Arrival-Date": expect.any(String) },
        {
          "Final-Recipient": "rfc822;nobody@remote.example",
          Action: "failed",
          Status: "5.1.1",
          "Remote-MTA": expect.stringContaining("127.0.0.1"),
          "Diagnostic-Code": expect.stringContaining("smtp; 550 5.1.1 "),
        },
      ],
    });
  });

  test("a success is told by who delivers it, when that was asked for", async () => {
    const transport = nodemailerTo("submission", {});
    const henry = "henry@home.example";
    await transport.sendMail({
      from: henry,
      to: "frank@home.example",
      subject: "Tell me",
      dsn: { id: "QQ", return: "headers", notify: ["success"], recipient: henry },
    });
    transport.close();
    const [told = ""] = await read(dovecot, "henry");
    const seen = await mailClient(["read"], told);
    expect(seen).toMatchObject({
      status: [
        { "Original-Envelope-Id": "QQ" },
        { Action: "delivered", Status: expect.stringMatching(/^2\./) },
      ],
    });
  });
});

async function mailClient(args: readonly string[], input: string): Promise<unknown> {
  const script = new URL("mail-client.py", import.meta.url).pathname;
  const python = Bun.spawn(["python3", script, ...args], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([python.stdout.text(), python.stderr.text()]);
  expect(errors).toBe("");
  return JSON.parse(output);
}
