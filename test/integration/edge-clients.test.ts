/** What people submit mail with: nodemailer and Python's smtplib, under TLS and with AUTH. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTransport } from "nodemailer";
import type { Message } from "#lib/queue/unit";
import { makeIdentity } from "../../services/edge/identity.ts";
import { edgeConfig, submissionListener } from "../support/edge/edge-config.ts";
import { RunningEdge } from "../support/edge/running-edge.ts";
import { RawPeer } from "../support/raw-peer.ts";

const auth = { user: "alice", pass: "wonderland" };

let running: RunningEdge;

beforeAll(async () => {
  // The cheapest parameters: these tests are not about argon2.
  const cost = { algorithm: "argon2id", memoryCost: 8, timeCost: 1 } as const;
  const passwordHash = await Bun.password.hash(auth.pass, cost);
  running = await RunningEdge.start(
    edgeConfig({
      identity: await makeIdentity("edge.example"),
      users: [{ name: auth.user, passwordHash, tenant: "acme" }],
      listeners: [
        submissionListener(),
        submissionListener({ name: "submissions", tls: { implicit: true } }),
        submissionListener({ name: "trusted", trustedNetworks: ["127.0.0.0/8"] }),
      ],
    }),
  );
});

afterAll(() => running.edge.stop());

/** The client's bytes as they were queued, below what we put in front. */
function queuedAfter(message: Message | undefined, marker: string): string {
  const text = new TextDecoder().decode(message?.content);
  return text.slice(text.indexOf(marker));
}

describe("nodemailer", () => {
  const transportTo = (name: string, options: object) =>
    createTransport({
      host: "127.0.0.1",
      port: running.at(name).port,
      tls: { rejectUnauthorized: false },
      ...options,
    });

  test.each([
    ["under STARTTLS with AUTH", "submission", { requireTLS: true, auth }, "ESMTPSA"],
    ["under implicit TLS with AUTH", "submissions", { secure: true, auth }, "ESMTPSA"],
    ["from a trusted network", "trusted", { ignoreTLS: true }, "ESMTP"],
  ])("submits %s", async (_, listener, options, protocol) => {
    const transport = transportTo(listener, options);
    const sent = await transport.sendMail({
      from: "Alice <alice@example.org>",
      to: ["bob@example.com", "carol@example.net"],
      subject: "Lunch",
      text: "Tomorrow at noon?",
    });
    transport.close();
    const message = running.intake.accepted.at(-1);
    expect(sent.response).toContain(message?.id ?? "no message");
    expect(message?.units.map((unit) => unit.destination as string)).toEqual([
      "example.com",
      "example.net",
    ]);
    expect(running.intake.lastContent).toContain(`with ${protocol} id ${message?.id}`);
  });

  test("submits many messages over few connections", async () => {
    const before = running.intake.accepted.length;
    const transport = transportTo("submission", { pool: true, maxConnections: 3, auth });
    const mail = { from: "alice@example.org", to: "bob@example.com", text: "x" };
    await Promise.all(Array.from({ length: 60 }, () => transport.sendMail(mail)));
    transport.close();
    expect(running.intake.accepted.length - before).toBe(60);
  });

  test("is refused without AUTH", async () => {
    const transport = transportTo("submission", {});
    const sending = transport.sendMail({ from: "a@example.org", to: "b@example.com", text: "x" });
    const failure = await sending.then(() => undefined, String);
    transport.close();
    expect(failure).toContain("530 5.7.0");
  });
});

describe("Python's smtplib", () => {
  test("submits in every way we offer", async () => {
    const before = running.intake.accepted.length;
    const script = new URL("smtplib-client.py", import.meta.url).pathname;
    const ports = ["submission", "submissions"].map((name) => `${running.at(name).port}`);
    const python = Bun.spawn(["python3", script, ...ports], { stdout: "pipe", stderr: "pipe" });
    const [output, errors] = await Promise.all([
      new Response(python.stdout).text(),
      new Response(python.stderr).text(),
    ]);
    expect(errors).toBe("");
    expect(
      output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { scenario: "starttls", refused: 0 },
      { scenario: "8bitmime", refused: 0 },
      { scenario: "smtputf8", refused: 0 },
      { scenario: "dsn", refused: 0 },
      { scenario: "implicit", refused: 0 },
      { scenario: "wrong password", code: 535 },
      { scenario: "no auth", code: 530 },
    ]);
    const [plain, eightBit, utf8, dsn] = running.intake.accepted.slice(before);
    expect(queuedAfter(plain, "From:")).toBe(
      "From: alice@example.org\r\nSubject: plain\r\n\r\n.dot\r\n..dots\r\nend\r\n",
    );
    expect(queuedAfter(eightBit, "From:")).toEndWith("\r\n\r\nGrüße\r\n");
    expect(utf8?.units[0]?.envelope.smtpUtf8).toBe(true);
    expect(utf8?.units[0]?.recipients[0]?.path as string).toBe("josé@example.com");
    expect(new TextDecoder().decode(utf8?.content)).toContain("with UTF8SMTPSA id");
    expect(dsn?.units[0]).toMatchObject({
      envelope: { ret: "headers", envid: "QQ" },
      recipients: [{ notify: ["success", "failure"] }],
    });
  }, 30_000);
});

test("a whole transaction may come as one segment after EHLO (RFC 2920)", async () => {
  const peer = await RawPeer.connect(running.at("trusted"));
  await peer.reply();
  await peer.say("EHLO client.example");
  peer.send(
    "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n",
  );
  const codes = [];
  for (let i = 0; i < 4; i++) codes.push((await peer.reply()).slice(0, 3));
  expect(codes).toEqual(["250", "250", "250", "354"]);
  peer.send("Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n");
  expect(await peer.reply()).toStartWith("250 ");
  expect(await peer.reply()).toStartWith("221 ");
  await peer.closed();
});
