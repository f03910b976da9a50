/** Mail that is refused, and what an operator finds of it, in real processes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket, TCPSocketListener } from "bun";
import { createTransport } from "nodemailer";
import { RunningGodwit } from "../support/cli/running-godwit.ts";
import { standaloneYaml } from "../support/cli/standalone-yaml.ts";

/** What the host says to RCPT, by local part; octets, so that some are no UTF-8. */
const replies = new Map([
  ["nobody", Buffer.from("550-5.1.1 No such\r\n550 5.1.1 user here\r\n")],
  ["full", Buffer.from("552 5.2.2 =cmd|' /C calc'!A0 \u001b[2J is full\xff\r\n", "latin1")],
  ["odd", Buffer.from("554 computer says no\xe2( to odd@dest.example, 17 times\r\n", "latin1")],
  ["listed", Buffer.from("550 5.1.1 rejected, see https://www.spamhaus.org/query/x\r\n")],
  ["long", Buffer.from(`550 5.7.1 ${"n".repeat(480)}\r\n`)],
]);

let home: string;
let host: TCPSocketListener<{ line: string }>;
let running: RunningGodwit;

beforeAll(async () => {
  host = refusingHost();
  home = await mkdtemp(join(tmpdir(), "godwit-bounces-"));
  await writeFile(join(home, "godwit.yaml"), standaloneYaml(host.port, "delivery: { tls: never }"));
  running = await RunningGodwit.start(home);
  const { address, port } = running.at("submission");
  const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
  const names = [...replies.keys()];
  for (const name of names) {
    await transport.sendMail({
      from: "a@source.example",
      to: `${name}@dest.example`,
      text: "Hello",
      headers: {
        "X-Godwit-Campaign": name === "odd" ? "autumn" : "spring",
        "X-Godwit-Tenant": "acme",
      },
    });
  }
  transport.close();
  await running.logged((line) => line.outcome === "permanent", names.length);
  // The notifications come after the records: they are refused, too.
  await running.logged((line) => line.event === "notification_undeliverable", names.length);
});

afterAll(async () => {
  await running.stop("SIGKILL");
  host.stop(true);
  await rm(home, { recursive: true, force: true });
});

/** Says yes to all but recipients, and no to those that it has no words for. */
function refusingHost(): TCPSocketListener<{ line: string }> {
  return Bun.listen<{ line: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { line: "" };
        socket.write("220 mx.dest.example ESMTP\r\n");
      },
      data(socket, octets) {
        socket.data.line += octets.toString();
        for (;;) {
          const end = socket.data.line.indexOf("\r\n");
          if (end < 0) return;
          answer(socket, socket.data.line.slice(0, end));
          socket.data.line = socket.data.line.slice(end + 2);
        }
      },
    },
  });
}

function answer(socket: Socket<{ line: string }>, command: string): void {
  if (/^QUIT/i.test(command)) return void socket.end("221 bye\r\n");
  const [, name] = /^RCPT TO:<([^@>]*)@/i.exec(command) ?? [];
  if (name === undefined) return void socket.write("250 mx.dest.example\r\n");
  socket.write(replies.get(name) ?? Buffer.from("550 5.1.1 nor that one\r\n"));
}

async function out(...args: string[]): Promise<string> {
  const { code, out: text, err } = await running.operate("bounces", ...args);
  expect([code, err]).toEqual([0, ""]);
  return text;
}

interface Listed {
  readonly class: string;
  readonly rule: string;
  readonly text: string;
  readonly uid: string;
}

const listed = async (...args: string[]): Promise<readonly Listed[]> =>
  JSON.parse(await out("list", "--json", ...args)).bounces;

test("a mailbox that does not exist is found by recipient, campaign, message and day", async () => {
  const [bounce] = await listed("--recipient", "NOBODY@dest.example");
  expect(bounce).toMatchObject({
    kind: "failed",
    class: "bad-mailbox",
    rule: "status 5.1.1",
    code: 550,
    tenant: "acme",
    campaign: "spring",
    attempt: 1,
    text: "No such user here",
  });
  const today = new Date().toISOString().slice(0, 10);
  for (const args of [
    ["--campaign", "spring"],
    ["--tenant", "acme"],
    ["--domain", "dest.example"],
  ]) {
    expect(await listed(...args, "--class", "bad-mailbox")).toEqual([bounce] as Listed[]);
  }
  expect(await out("show", bounce?.uid ?? "")).toContain("Class      bad-mailbox");
  expect(await out("count", "--campaign", "spring", "--since", today)).toMatch(
    /^DAY +BAD-MAILBOX +POLICY +QUOTA +SPAM-BLOCK +ALL\n[-\d]{10} +1 +1 +1 +1 +4\n$/,
  );
});

test("a blocklist is no bad mailbox, and what nobody knows is listed", async () => {
  expect(await listed("--recipient", "listed@dest.example")).toMatchObject([
    { class: "spam-block", rule: "blocklist" },
  ]);
  const [unknown] = JSON.parse(await out("unknown", "--json")).texts;
  expect(unknown.text).toMatch(/^554 5\.0\.0 computer says \S+ to <address>, <n> times$/);
  expect(unknown.count).toBe(1);
});

test("neither a terminal nor a spreadsheet obeys a remote host", async () => {
  for (const args of [["list"], ["list", "--csv"], ["export"], ["export", "--json"], ["unknown"]]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(await out(...args)).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/);
  }
  expect(await out("export")).toContain(`"'=cmd|' /C calc'!A0 ?[2J is full\ufffd"`);
  const csv = await out("list", "--csv", "--recipient", "full@dest.example");
  expect(csv.split("\r\n")[1]).toMatch(/,failed,quota,status 5\.2\.2,/);
});

test("the records are there after a crash, and the metrics have the classes", async () => {
  const { address, port } = running.at("control");
  const metrics = await (await fetch(`http://${address}:${port}/metrics`)).text();
  expect(metrics).toMatch(/godwit_bounces_total\{[^}]*class="quota"[^}]*\} 1/);
  const before = await out("export");
  await running.stop("SIGKILL");
  running = await RunningGodwit.start(home);
  expect(await out("export")).toBe(before);
});
