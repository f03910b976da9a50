/**
 * What the delivery side sends, to real mail servers: each recipient's outcome, and the bytes that
 * arrive.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { makeIdentity } from "../../services/edge/identity.ts";
import { dovecotMissing, startDovecot } from "../peers/dovecot.ts";
import { eximMissing, startExim } from "../peers/exim.ts";
import { mailIn } from "../peers/maildir.ts";
import { openSmtpdMissing, startOpenSmtpd } from "../peers/opensmtpd.ts";
import { assertThere } from "../peers/packages.ts";
import type { Peer } from "../peers/peer.ts";
import { postfixMissing, startPostfix } from "../peers/postfix.ts";
import { Relay, told } from "../support/relay.ts";

const noPostfix = await postfixMissing();
const noDovecot = await dovecotMissing();
const noExim = await eximMissing();
const noOpenSmtpd = await openSmtpdMissing();
const startMaxMs = 30_000;
const domain = "local.example";

/** Everything that is apt to be changed on the way. */
const content = [
  "Received: from client.example by edge.example; Tue, 14 Nov 2023 22:13:20 +0000",
  "From: =?utf-8?Q?J=C3=B6rg?= <sender@client.example>",
  "To: undisclosed-recipients:;",
  "Subject: a subject that is folded,\r\n\twith a tab, and  two blanks ",
  "Date: Tue, 14 Nov 2023 22:13:20 +0000",
  "Message-ID: <relay@client.example>",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: 8bit",
  "",
  ".",
  "..",
  ".dot",
  "From here on: Grüße, 你好",
  "trailing blanks  \t",
  "x".repeat(998),
  "",
  "",
  "",
].join("\r\n");

/** Maildirs have LF at the end of a line. */
const asStored = content.replaceAll("\r\n", "\n");

/** Made before mail comes: a server that makes them at the same time fails half way. */
async function makeMaildirs(peer: Peer, users: readonly string[]): Promise<void> {
  for (const user of users) await peer.maildir(user);
}

async function stored(peer: Peer, user: string, count = 1): Promise<string[]> {
  const found = await mailIn(await peer.maildir(user), { count });
  return found.map((message) => message.toString());
}

test("real servers are there where they must be", () => {
  assertThere(noPostfix);
  assertThere(noDovecot);
});

describe.skipIf(noPostfix !== undefined)(`Postfix ${noPostfix ?? ""}`, () => {
  let peer: Peer;
  let relay: Relay;
  const users = ["alice", "bob", "carol", "dave", "erin", "frank", "gina", "jörg"];
  beforeAll(async () => {
    peer = await startPostfix({
      domains: [domain],
      users,
      identity: await makeIdentity("postfix.example"),
      settings: { message_size_limit: "20000", smtpd_tls_received_header: "yes" },
    });
    await makeMaildirs(peer, users);
    relay = new Relay(peer.endpoint, {});
  }, startMaxMs);
  afterAll(async () => {
    relay.close();
    await peer.stop();
  });

  test("gets the content byte for byte, under TLS that nobody asked for", async () => {
    const report = await relay.send({ to: [`alice@${domain}`], content });
    const { outcomes, tls, inDoubt, transmission } = report;
    expect([outcomes.map(told), inDoubt, transmission]).toEqual([["delivered"], 0, "ESMTPS"]);
    expect([tls?.protocol, tls?.cipher]).toEqual(["TLSv1.3", expect.stringMatching(/^TLS_/)]);
    const [message = ""] = await stored(peer, "alice");
    expect(message).toStartWith("Return-Path: <sender@client.example>\n");
    expect(message).toEndWith(asStored);
    expect(message).toContain("(using TLSv1.3 with cipher");
  });

  test("gets it in clear where TLS is not wanted", async () => {
    const plain = new Relay(peer.endpoint, { tls: "never" });
    const { outcomes, tls } = await plain.send({ to: [`bob@${domain}`], content });
    plain.close();
    expect([outcomes.map(told), tls]).toEqual([["delivered"], undefined]);
    expect((await stored(peer, "bob"))[0]).toEndWith(asStored);
  });

  test("refuses one recipient of several: the others get their mail (pipelined)", async () => {
    const to = [`carol@${domain}`, `nobody@${domain}`, `dave@${domain}`];
    const { outcomes } = await relay.send({ to, content });
    expect(outcomes.map(told)).toEqual(["delivered", "permanent recipient 5.1.1", "delivered"]);
    const [, refused] = outcomes;
    expect(refused).toMatchObject({ reply: { code: 550 } });
    expect((await stored(peer, "carol"))[0]).toEndWith(asStored);
    expect((await stored(peer, "dave"))[0]).toEndWith(asStored);
  });

  test("gets many messages over one connection", async () => {
    const before = (await peer.log()).split(" connect from ").length;
    for (let i = 0; i < 10; i++) await relay.send({ to: [`erin@${domain}`], content });
    expect((await stored(peer, "erin", 10)).every((it) => it.endsWith(asStored))).toBe(true);
    const connections = (await peer.log()).split(" connect from ").length - before;
    // One of ours; Postfix may log only now that we looked whether it was there.
    expect(connections).toBeLessThanOrEqual(2);
  });

  test("gets the parameters of RFC 3461, and its own notification tells them", async () => {
    const { outcomes } = await relay.send({
      from: `frank@${domain}`,
      to: [{ path: `gina@${domain}`, notify: ["success"], orcpt: "rfc822;first+40old.example" }],
      content,
      envelope: { envid: "QQ+2B1", ret: "headers" },
    });
    expect(outcomes).toMatchObject([{ kind: "delivered", dsnRelayed: true }]);
    const [notification = ""] = await stored(peer, "frank");
    expect(notification).toContain("\nOriginal-Envelope-Id: QQ+1\n");
    expect(notification).toContain("\nOriginal-Recipient: rfc822;first@old.example\n");
    expect(notification).toContain("\nAction: delivered\n");
    expect(notification).toContain("\nContent-Type: text/rfc822-headers");
  });

  test("gets an international path (RFC 6531)", async () => {
    const { outcomes } = await relay.send({
      from: "jürgen@client.example",
      to: [`jörg@${domain}`],
      content,
      envelope: { smtpUtf8: true },
    });
    expect(outcomes.map(told)).toEqual(["delivered"]);
    const [message = ""] = await stored(peer, "jörg");
    expect(message).toContain("Return-Path: <jürgen@client.example>\n");
    expect(message).toContain("with UTF8SMTPS");
  });

  test("is not sent what it has said to be too big (RFC 1870)", async () => {
    const big = content + `${"x".repeat(70)}\r\n`.repeat(300);
    const { outcomes } = await relay.send({ to: [`alice@${domain}`], content: big });
    expect(outcomes.map(told)).toEqual(["permanent transaction 5.3.4"]);
  });

  test("is gone: the host is at fault (RFC 3463 §3.5: no answer from it)", async () => {
    const gone = new Relay({ address: "127.0.0.1", port: 1 }, {});
    const { outcomes } = await gone.send({ to: [`alice@${domain}`], content });
    expect(outcomes.map(told)).toEqual(["transient host 4.4.1"]);
  });
});

describe.skipIf(noDovecot !== undefined)(`Dovecot ${noDovecot ?? ""}`, () => {
  let peer: Peer;
  let relay: Relay;
  beforeAll(async () => {
    peer = await startDovecot();
    await makeMaildirs(peer, ["alice", "bob", "carol", "dave"]);
    relay = new Relay(peer.endpoint, { protocol: "lmtp" });
  }, startMaxMs);
  afterAll(async () => {
    relay.close();
    await peer.stop();
  });

  test("gets the content byte for byte by LMTP", async () => {
    const { outcomes } = await relay.send({ to: [`alice@${domain}`], content });
    expect(outcomes.map(told)).toEqual(["delivered"]);
    const [message = ""] = await stored(peer, "alice");
    expect(message).toStartWith("Return-Path: <sender@client.example>\n");
    expect(message).toEndWith(asStored);
  });

  test("says after the final dot what became of each recipient (RFC 2033)", async () => {
    await chmod(await peer.maildir("locked"), 0);
    const to = [`bob@${domain}`, `locked@${domain}`, `carol@${domain}`];
    const { outcomes } = await relay.send({ to, content });
    expect(outcomes.map(told)).toEqual([
      "delivered",
      expect.stringMatching(/^transient \w+ 4\.\d\.\d$/),
      "delivered",
    ]);
    expect((await stored(peer, "bob"))[0]).toEndWith(asStored);
    expect((await stored(peer, "carol"))[0]).toEndWith(asStored);
  });

  test(
    "refuses whom it does not know",
    async () => {
      const strict = await startDovecot({ users: ["erin"] });
      const toStrict = new Relay(strict.endpoint, { protocol: "lmtp" });
      const to = [`stranger@${domain}`, `erin@${domain}`];
      const { outcomes } = await toStrict.send({ to, content });
      toStrict.close();
      await strict.stop();
      expect(outcomes.map(told)).toEqual(["permanent recipient 5.1.1", "delivered"]);
    },
    startMaxMs,
  );

  test("gets a null reverse-path", async () => {
    const { outcomes } = await relay.send({ from: "", to: [`dave@${domain}`], content });
    expect(outcomes.map(told)).toEqual(["delivered"]);
    expect((await stored(peer, "dave"))[0]).toStartWith("Return-Path: <>\n");
  });
});

interface Other {
  readonly name: string;
  readonly missing: string | undefined;
  readonly start: () => Promise<Peer>;
}

const users = ["alice"];
describe.each<Other>([
  {
    name: "Exim",
    missing: noExim,
    start: () => startExim({ domains: [domain], users }),
  },
  {
    name: "OpenSMTPD",
    missing: noOpenSmtpd,
    start: () => startOpenSmtpd({ domains: [domain], users }),
  },
])("$name", ({ missing, start }) => {
  test.skipIf(missing !== undefined)(
    `gets the content byte for byte, and refuses whom it does not know ${missing ?? ""}`,
    async () => {
      const peer = await start();
      await makeMaildirs(peer, users);
      const relay = new Relay(peer.endpoint, {});
      const to = [`nobody@${domain}`, `alice@${domain}`];
      const { outcomes } = await relay.send({ to, content });
      expect(outcomes.map(told)).toEqual([
        expect.stringMatching(/^permanent recipient 5\.\d\.\d$/),
        "delivered",
      ]);
      expect((await stored(peer, "alice"))[0]).toEndWith(asStored);
      relay.close();
      await peer.stop();
    },
    startMaxMs,
  );
});
