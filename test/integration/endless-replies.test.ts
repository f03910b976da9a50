/** What a remote host says without end is read as far as a reply may go; then its connection is closed. */
import { afterEach, describe, expect, test } from "bun:test";
import { type FloodFrom, FloodingHost } from "../peers/flooding-host.ts";
import { Relay, told } from "../support/relay.ts";

const content = "Subject: x\r\n\r\nHello\r\n";
/** More than the network keeps between two ends that do not take anything. */
const networkBytesMax = 32 * 1024 * 1024;

let host: FloodingHost;
let relay: Relay;
afterEach(() => {
  relay.close();
  host.stop();
});

async function sendTo(from: FloodFrom, text: string) {
  host = new FloodingHost(from, text);
  relay = new Relay(host.endpoint, {});
  const report = await relay.send({ to: ["b@flood.example"], content });
  return { report, outcome: report.outcomes[0] };
}

const endless = [
  ["a reply of many lines", "250-x\r\n", "reply has too many lines"],
  ["a line", "250 x ".repeat(100), "reply line too long"],
  ["rubbish in lines", "\r\n", "not an SMTP reply"],
  ["rubbish", "\0\xff", "reply line too long"],
] as const;
const before: readonly FloodFrom[] = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"];

describe.each(endless)("%s without end", (_, text, reason) => {
  test.each([...before])("in the place of the reply to %s ends the session", async (from) => {
    const { outcome } = await sendTo(from, text);
    expect(outcome === undefined ? "" : told(outcome)).toBe("transient host 4.4.2");
    expect(outcome).toMatchObject({ reason });
    await host.gone;
    expect(host.flooded).toBeLessThan(networkBytesMax);
  });

  test("in the place of the reply to the final dot leaves the message in doubt", async () => {
    const { outcome, report } = await sendTo(".", text);
    expect(outcome === undefined ? "" : told(outcome)).toBe("transient transaction 4.4.2");
    expect(report.inDoubt).toBe(1);
    await host.gone;
    expect(host.flooded).toBeLessThan(networkBytesMax);
  });
});

test("a host that goes on after its reply has the message, and is left", async () => {
  const { outcome } = await sendTo(".", "250 2.0.0 Ok\r\n");
  expect(outcome?.kind).toBe("delivered");
  await host.gone;
  expect(host.flooded).toBeLessThan(networkBytesMax);
});

test("what a host says while it should say goodbye keeps no connection", async () => {
  const { outcome } = await sendTo("QUIT", "221-x\r\n");
  expect(outcome?.kind).toBe("delivered");
  relay.close();
  await host.gone;
  expect(host.flooded).toBeLessThan(networkBytesMax);
});

test.each([
  ["in one line", `550 ${"x".repeat(10_000_000)}\r\n`, "transient host 4.4.2"],
  ["in a million lines", "550-5.1.1 x\r\n".repeat(1_000_000), "transient host 4.4.2"],
  [
    "in a hundred",
    `${`550-5.1.1 ${"x".repeat(2_000)}\r\n`.repeat(99)}550 5.1.1 x\r\n`,
    "permanent",
  ],
])("a reply of megabytes %s is kept as two thousand characters", async (_, text, expected) => {
  const { outcome } = await sendTo("RCPT", text);
  expect(outcome === undefined ? "" : told(outcome)).toStartWith(expected);
  const reason = outcome?.kind === "delivered" ? "" : (outcome?.reason ?? "");
  expect(reason.length).toBeLessThanOrEqual(2_048);
  const kept = outcome?.reply?.lines.join("").length ?? 0;
  expect(kept).toBeLessThanOrEqual(4_096);
});
