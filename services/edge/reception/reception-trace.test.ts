import { expect, test } from "bun:test";
import { noEvents } from "#lib/events/event-sink";
import { seededRandom } from "#lib/random";
import { parseForwardPath, parseReversePath } from "#lib/smtp/path";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { type Span, tracing } from "#lib/telemetry/tracing";
import { VirtualClock } from "#lib/virtual-clock";
import { edgeConfig } from "../../../test/support/edge/edge-config.ts";
import { noMetrics } from "../metrics.ts";
import { Receiver } from "../receiver.ts";

async function spansOf(bytesMax: number): Promise<readonly Span[]> {
  const clock = new VirtualClock(1_000);
  const spans: Span[] = [];
  const random = seededRandom(1);
  const receiver = new Receiver(edgeConfig(), {
    intake: new MemoryLog({ clock, shards: 4, bytesMax }).intake(),
    ...{ clock, random, log: silentLog, metrics: noMetrics, events: noEvents },
    tracing: tracing({ share: 1, random, end: (span) => void spans.push(span) }),
  });
  const reversePath = parseReversePath("<a@source.example>");
  const forwardPath = parseForwardPath("<b@local.example>");
  if (!reversePath.ok || !forwardPath.ok) throw new Error("they are paths");
  const receiving = receiver.receive({
    transaction: {
      reversePath: reversePath.path,
      recipients: [{ forwardPath: forwardPath.path, parameters: {} }],
      parameters: { body: "7bit", smtpUtf8: false },
      helo: "client.example",
      isExtended: true,
    },
    content: new TextEncoder().encode("Subject: x\r\n\r\nx\r\n"),
    origin: {
      clientAddress: "192.0.2.1",
      listener: { name: "inbound", kind: "inbound", mayActAs: [] },
    },
  });
  await clock.advance(10);
  await receiving;
  return spans;
}

test("a message that is durable has two spans, the one within the other", async () => {
  const [accept, receive, ...others] = await spansOf(1_000_000);
  expect(others).toEqual([]);
  expect([accept?.name, receive?.name]).toEqual(["accept", "receive"]);
  expect(accept?.parent).toBe(receive?.self ?? "none");
  expect(receive?.attributes).toMatchObject({
    "godwit.listener": "inbound",
    "godwit.recipients": 1,
    "client.address": "192.0.2.1",
  });
  expect([accept?.failure, receive?.failure]).toEqual([undefined, undefined]);
});

test("one that the queue does not take says why", async () => {
  const [accept, receive] = await spansOf(1);
  expect(accept?.failure).toContain("IntakeFull");
  expect(receive?.failure).toBe(accept?.failure ?? "none");
});
