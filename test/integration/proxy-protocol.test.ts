/** A proxy's header on real sockets: in clear, and before a TLS handshake however it is cut. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { makeIdentity } from "../../services/edge/identity.ts";
import { binaryHeader } from "../support/edge/binary-header.ts";
import { edgeConfig, inboundListener, submissionListener } from "../support/edge/edge-config.ts";
import { RunningEdge } from "../support/edge/running-edge.ts";
import { RawPeer } from "../support/raw-peer.ts";

const proxyProtocol = { trustedNetworks: ["127.0.0.0/8"] };
const trustedNetworks = ["192.0.2.0/24"];

let running: RunningEdge;

beforeAll(async () => {
  const elsewhere = { trustedNetworks: ["10.0.0.0/8"] };
  running = await RunningEdge.start(
    edgeConfig({
      identity: await makeIdentity("edge.example"),
      listeners: [
        inboundListener({ proxyProtocol }),
        submissionListener({
          name: "tls",
          tls: { implicit: true },
          proxyProtocol,
          trustedNetworks,
        }),
        inboundListener({ name: "elsewhere", proxyProtocol: elsewhere }),
        inboundListener({
          name: "elsewhereTls",
          proxyProtocol: elsewhere,
          tls: { implicit: true },
        }),
      ],
    }),
  );
});

afterAll(() => running.edge.stop());

async function sendMail(say: (line: string) => Promise<string>): Promise<void> {
  await say("EHLO client.example");
  expect(await say("MAIL FROM:<a@client.example>")).toStartWith("250 ");
  expect(await say("RCPT TO:<b@local.example>")).toStartWith("250 ");
  expect(await say("DATA")).toStartWith("354 ");
  expect(await say("Subject: x\r\n\r\nx\r\n.")).toStartWith("250 ");
}

test("in clear, with STARTTLS after it", async () => {
  const peer = await RawPeer.connect(running.at());
  peer.send("PROXY TCP4 192.0.2.77 192.0.2.25 40000 25\r\n");
  expect(await peer.reply()).toStartWith("220 ");
  await peer.say("EHLO client.example");
  expect(await peer.say("STARTTLS")).toStartWith("220 ");
  await peer.startTls();
  await sendMail((line) => peer.say(line));
  peer.destroy();
  expect(running.intake.lastContent).toContain("[192.0.2.77]");
  expect(running.intake.lastContent).toContain("with ESMTPS ");
});

test("before implicit TLS, in a segment of its own", async () => {
  const peer = await RawPeer.connect(running.at("tls"));
  peer.send(binaryHeader({ rest: [4, 0, 3, 0, 0, 0] }));
  await peer.startTls();
  expect(await peer.reply()).toStartWith("220 ");
  await sendMail((line) => peer.say(line));
  peer.destroy();
  expect(running.intake.lastContent).toContain("[192.0.2.1]");
});

/** A socket that sends the header in one segment with the first `common` octets written. */
function behindHeader(socket: Socket, common: number): Duplex {
  let header = binaryHeader();
  const stream = new Duplex({
    read() {},
    write(chunk: Uint8Array, _, done) {
      const begin = Uint8Array.from([...header, ...chunk.subarray(0, common)]);
      if (header.length === 0) socket.write(chunk, done);
      else socket.write(begin, () => socket.write(chunk.subarray(common), done));
      header = new Uint8Array();
    },
  });
  socket.on("data", (bytes) => stream.push(bytes));
  return stream;
}

test.each([
  ["a whole hello", 100_000],
  ["the beginning of a hello", 7],
])("before implicit TLS, in one segment with %s", async (_, common) => {
  const { address, port } = running.at("tls");
  const socket = connectTcp({ host: address, port, noDelay: true });
  const stream = behindHeader(socket, common);
  const secure = connectTls({ socket: stream, rejectUnauthorized: false });
  let received = "";
  let heard = Promise.withResolvers<void>();
  secure.on("data", (bytes) => {
    received += bytes.toString("latin1");
    heard.resolve();
    heard = Promise.withResolvers();
  });
  const reply = async () => {
    while (!/^(?:\d{3}-.*\r\n)*\d{3} .*\r\n$/.test(received)) await heard.promise;
    const said = received;
    received = "";
    return said;
  };
  expect(await reply()).toStartWith("220 ");
  await sendMail((line) => {
    secure.write(`${line}\r\n`);
    return reply();
  });
  socket.destroy();
  expect(running.intake.lastContent).toContain("[192.0.2.1]");
});

test.each(["elsewhere", "elsewhereTls"])(
  "is not believed from other networks: %s",
  async (name) => {
    const peer = await RawPeer.connect(running.at(name));
    peer.send("PROXY TCP4 192.0.2.77 192.0.2.25 40000 25\r\n");
    await peer.closed();
    expect(peer.received).not.toContain("500");
    expect(running.edge.sessions).toBe(0);
  },
);
