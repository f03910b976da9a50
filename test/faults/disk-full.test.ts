/**
 * A full disk: 452, nothing accepted is lost, and it goes on by itself when there is space again.
 */
import { describe, expect, test } from "bun:test";
import { Sink } from "../../loadtest/sink/sink.ts";
import { assertThere } from "../peers/packages.ts";
import { failureOf } from "../support/failure.ts";
import { SmallDisk, smallDiskMissing } from "../support/process/small-disk.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";
import { RawPeer } from "../support/raw-peer.ts";

const missing = await smallDiskMissing();
const mebibyte = 1024 * 1024;
/** Godwit leaves 64 MiB free; the rest is for the queue. */
const diskMebibytes = 100;
const contentLines = 100;
const emptyMaxMs = 30_000;

test("a small disk is there where it must be", () => {
  assertThere(missing);
});

/**
 * Sends one message after the other until one is answered otherwise. Returns how many were
 * accepted.
 */
async function sendUntil(peer: RawPeer, code: "250" | "452"): Promise<number> {
  const content = `Subject: full\r\n\r\n${`${"x".repeat(76)}\r\n`.repeat(contentLines)}.`;
  for (let accepted = 0; ; ) {
    for (const command of ["MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>"]) {
      expect(await peer.say(command)).toStartWith("250");
    }
    expect(await peer.say("DATA")).toStartWith("354");
    const reply = await peer.say(content);
    if (reply.startsWith("250")) accepted += 1;
    else expect(reply).toStartWith("452 4.3.1 ");
    if (reply.startsWith(code)) return accepted;
  }
}

async function greeted(godwit: StandaloneProcess): Promise<RawPeer> {
  const at = godwit.submission;
  if (at === undefined) throw new Error("Godwit does not run");
  const peer = await RawPeer.connect(at);
  await peer.reply();
  await peer.say("EHLO client.example");
  return peer;
}

describe.skipIf(missing !== undefined)(`a full disk (${missing ?? "mounted"})`, () => {
  test("little space: mail is refused while what is there is delivered", async () => {
    await using disk = await SmallDisk.mount(diskMebibytes);
    await using sink = await Sink.start();
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      data: disk.path,
    });
    await godwit.start();
    const peer = await greeted(godwit);
    let accepted = await sendUntil(peer, "250");
    disk.fill(60 * mebibyte);
    accepted += await sendUntil(peer, "452");
    await sink.until(({ messages }) => messages === accepted);
    await within(emptyMaxMs, godwit.emptied(), () => godwit.log.last);
    disk.free();
    accepted += await sendUntil(peer, "250");
    await within(emptyMaxMs, godwit.emptied(), () => godwit.log.last);
    expect(sink.counts.messages).toBe(accepted);
    expect(await godwit.stop()).toBe(0);
  }, 60_000);

  test("no space at all: what is written down later is not lost, and not sent twice", async () => {
    await using disk = await SmallDisk.mount(diskMebibytes);
    await using sink = await Sink.start();
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      data: disk.path,
      yaml: "delivery: { retry: { first: 1s, cap: 2s } }\n",
    });
    sink.misbehave("slow-1s-at-end-of-data-20-times", "451-at-rcpt-1-in-2");
    await godwit.start();
    const peer = await greeted(godwit);
    let accepted = 0;
    for (let i = 0; i < 100; i++) accepted += await sendUntil(peer, "250");
    const waits = [
      godwit.log.next((line) => line.event === "journal_append_failed"),
      godwit.log.next((line) => line.event === "settlement_waits"),
    ];
    disk.fill(0);
    await within(emptyMaxMs, Promise.any(waits), () => godwit.log.last);
    accepted += await sendUntil(peer, "452");
    sink.misbehave();
    disk.free();
    accepted += await sendUntil(peer, "250");
    await within(emptyMaxMs, godwit.emptied(), () => godwit.log.last);
    expect(sink.counts.messages).toBe(accepted);
    expect(await godwit.stop()).toBe(0);
  }, 60_000);

  test("killed with a full disk: it starts when there is space again, with all that was accepted", async () => {
    await using disk = await SmallDisk.mount(diskMebibytes);
    await using sink = await Sink.start({ faults: ["451-at-rcpt"] });
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      data: disk.path,
      yaml: "delivery: { retry: { first: 1s, cap: 2s } }\n",
    });
    await godwit.start();
    const peer = await greeted(godwit);
    let accepted = 0;
    for (let i = 0; i < 100; i++) accepted += await sendUntil(peer, "250");
    disk.fill(0);
    accepted += await sendUntil(peer, "452");
    await godwit.kill();
    sink.misbehave();
    // It says what is wrong, and whoever watches over it starts it again.
    expect(String(await failureOf(godwit.start()))).toContain("database or disk is full");
    disk.free();
    await godwit.start();
    await within(emptyMaxMs, godwit.emptied(), () => godwit.log.last);
    expect(sink.counts.messages).toBe(accepted);
    expect(await godwit.stop()).toBe(0);
  }, 60_000);
});
