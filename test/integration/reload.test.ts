/** SIGHUP to the real process: certificate, users and domains change, and no session notices. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { makeIdentity } from "../../services/edge/identity.ts";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { RawPeer } from "../support/raw-peer.ts";

interface Settings {
  readonly user: string;
  readonly localDomain: string;
  readonly certificateFor: string;
}

const password = "wonderland";
const before: Settings = {
  user: "alice",
  localDomain: "old.example",
  certificateFor: "old.example",
};
const after: Settings = { user: "bob", localDomain: "new.example", certificateFor: "new.example" };

let folder: string;
let godwit: RunningGodwit;

async function configure({ user, localDomain, certificateFor }: Settings): Promise<void> {
  const { certificate, privateKey } = await makeIdentity(certificateFor);
  const hash = await Bun.password.hash(password, {
    algorithm: "argon2id",
    memoryCost: 8,
    timeCost: 1,
  });
  const files = {
    "tls.crt": certificate,
    "tls.key": privateKey,
    "godwit.yaml": `
hostname: mta1.example.net
listeners:
  - { name: submissions, address: 127.0.0.1, port: 0, kind: submission, tls: { implicit: true } }
  - { name: inbound, address: 127.0.0.1, port: 0, kind: inbound, localDomains: [${localDomain}] }
tls: { certificate: tls.crt, privateKey: tls.key }
users: [{ name: ${user}, passwordHash: "${hash}" }]
control: { address: 127.0.0.1, port: 0 }
shaping: [shaping.yaml]
`,
    "shaping.yaml": "domains: { new.example: { connections: 1 } }\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

/** Whom the certificate is for that a new client is shown. */
function certificateName(): Promise<unknown> {
  const { address, port } = godwit.at("submissions");
  return new Promise((resolve, reject) => {
    const options = { host: address, port, rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

async function login(user: string): Promise<string> {
  const peer = await RawPeer.connect(godwit.at("submissions"));
  await peer.startTls();
  await peer.reply();
  await peer.say("EHLO client.example");
  const word = Buffer.from(`\0${user}\0${password}`).toString("base64");
  const reply = await peer.say(`AUTH PLAIN ${word}`);
  peer.destroy();
  return reply.slice(0, 9);
}

async function rcpt(peer: RawPeer, domain: string): Promise<string> {
  return (await peer.say(`RCPT TO:<b@${domain}>`)).slice(0, 9);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-reload-"));
  await configure(before);
  godwit = await RunningGodwit.start(folder);
}, 30_000);

afterAll(async () => {
  await godwit.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe("SIGHUP", () => {
  test("changes what can be changed, under a session that goes on", async () => {
    const running = await RawPeer.connect(godwit.at("inbound"));
    await running.reply();
    await running.say("EHLO client.example");
    await running.say("MAIL FROM:<a@client.example>");
    expect(await rcpt(running, "old.example")).toBe("250 2.1.5");
    expect(await certificateName()).toBe("old.example");
    expect([await login("alice"), await login("bob")]).toEqual(["235 2.7.0", "535 5.7.8"]);

    await configure(after);
    godwit.hangUp();
    await godwit.logged(({ event }) => event === "configuration_reloaded");
    expect(await certificateName()).toBe("new.example");
    expect([await login("alice"), await login("bob")]).toEqual(["535 5.7.8", "235 2.7.0"]);
    expect(await rcpt(running, "old.example")).toBe("550 5.7.1");
    expect(await rcpt(running, "new.example")).toBe("250 2.1.5");
    await running.say("DATA");
    expect(await running.say("Subject: x\r\n\r\nx\r\n.")).toStartWith("250 2.0.0 ");
    running.destroy();

    await writeFile(join(folder, "godwit.yaml"), "shards: many\n");
    godwit.hangUp();
    await godwit.logged(({ event }) => event === "configuration_not_reloaded");
    await configure(before);
    await writeFile(join(folder, "shaping.yaml"), "domains: { a.example: { conections: 1 } }\n");
    godwit.hangUp();
    await godwit.logged(({ event, error }) => {
      return (
        event === "configuration_not_reloaded" &&
        /shaping\.yaml:1:25: domains\.a\.example\.conections/.test(JSON.stringify(error))
      );
    });
    expect([await certificateName(), await login("bob")]).toEqual(["new.example", "235 2.7.0"]);
  }, 30_000);
});
