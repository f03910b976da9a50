/** SIGHUP to the real process: new connections go from the sources that there are now. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { RawPeer } from "../support/raw-peer.ts";

/** From where each connection came; it is sent away. */
const callers: string[] = [];
let heard = Promise.withResolvers<void>();
const host = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      callers.push(socket.remoteAddress);
      socket.end("421 4.3.2 later\r\n");
      heard.resolve();
    },
    data() {},
  },
});

let folder: string;
let godwit: RunningGodwit;

async function configure(delivery: string): Promise<void> {
  await writeFile(
    join(folder, "godwit.yaml"),
    `
hostname: mta1.example.net
listeners:
  - { name: inbound, address: 127.0.0.1, port: 0, kind: inbound, localDomains: [one.example, two.example, three.example] }
routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:${host.port}" }]
control: { address: 127.0.0.1, port: 0 }
delivery: ${delivery}
`,
  );
}

/** Resolves when a host was asked to take it. */
async function send(domain: string): Promise<void> {
  heard = Promise.withResolvers<void>();
  const peer = await RawPeer.connect(godwit.at("inbound"));
  await peer.reply();
  await peer.say("EHLO client.example");
  await peer.say("MAIL FROM:<a@client.example>");
  await peer.say(`RCPT TO:<b@${domain}>`);
  await peer.say("DATA");
  expect(await peer.say("Subject: x\r\n\r\nx\r\n.")).toStartWith("250 2.0.0 ");
  peer.destroy();
  await heard.promise;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-sources-"));
  await configure("{}");
  godwit = await RunningGodwit.start(folder);
}, 30_000);

afterAll(async () => {
  await godwit.stop();
  host.stop(true);
  await rm(folder, { recursive: true, force: true });
}, 30_000);

test("sources of a changed file are used, those of a faulty one are refused", async () => {
  await send("one.example");
  const pools = "pools: [{ name: all, sources: { ip1: 1 }, for: [{}] }]";
  await configure(`{ sources: [{ name: ip1, address: 127.0.0.2 }], ${pools} }`);
  godwit.hangUp();
  await godwit.logged(({ event }) => event === "configuration_reloaded");
  await send("two.example");
  await configure(`{ sources: [{ name: ip2, address: 127.0.0.3 }], ${pools} }`);
  godwit.hangUp();
  await godwit.logged(
    ({ event, error }) =>
      event === "configuration_not_reloaded" &&
      /godwit\.yaml:7:\d+: delivery\.pools\[0\]\.sources/.test(JSON.stringify(error)),
  );
  await send("three.example");
  expect(callers).toEqual(["127.0.0.1", "127.0.0.2", "127.0.0.2"]);
}, 30_000);
