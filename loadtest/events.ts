#!/usr/bin/env bun
/**
 * What events cost: CPU for each message (its reception and its delivery), with nobody who wants them,
 * with files, and with files that are rotated and compressed. `bun loadtest/events.ts [messages]`
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "#lib/clock";
import { BatchingSink, type EventOutlet } from "#lib/events/batching-sink";
import { type EventSink, noEvents } from "#lib/events/event-sink";
import { FileOutlet } from "#lib/events/file/file-outlet";
import { makeQueueId } from "#lib/queue/queue-id";
import { destinationOf } from "#lib/queue/shard";
import { type Message, type Unit, uidOf } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import { nullReversePath, parseMailbox } from "#lib/smtp/path";
import { silentLog as log } from "#lib/telemetry/log";
import { eventKinds } from "#proto/event-record";
import { tellEnding } from "../services/delivery/settlement/unit-events.ts";
import { tellReception } from "../services/edge/reception/reception-events.ts";
import { positive } from "./argument.ts";

/** Of one turn of the event loop: what a busy worker settles with one record of its journal. */
const messagesPerTurn = 50;
/** Of a tenth of a second at 5,000 messages a second: without it all would pile up in memory. */
const messagesPerFlush = 500;
const warmUp = 20_000;
const hourMs = 3_600_000;
const mebibyte = 1024 * 1024;
const random = seededRandom(1);
const messages = positive(process.argv[2] ?? "200000");
const folder = await mkdtemp(join(tmpdir(), "godwit-events-"));

async function measure(name: string, make: () => EventSink, quiet = 0): Promise<number> {
  const sink = make();
  await tell(sink, warmUp);
  const before = process.cpuUsage();
  const startedAt = clock.monotonic();
  await tell(sink, messages);
  await sink.flush();
  await sink.close();
  const { user, system } = process.cpuUsage(before);
  const cpuUs = (user + system) / messages;
  const seconds = (clock.monotonic() - startedAt) / 1_000;
  const bytes = (await folderBytes()) / (messages + warmUp);
  const extra = quiet === 0 ? "" : `, ${(cpuUs - quiet).toFixed(2)} more than without events`;
  const disk = bytes > 0 ? `, ${Math.round(bytes)} bytes on disk` : "";
  console.log(
    `${name}: ${cpuUs.toFixed(2)} µs CPU a message${extra}${disk} (${messages} in ${seconds.toFixed(1)} s)`,
  );
  return cpuUs;
}

async function tell(sink: EventSink, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const message = messageOf(n);
    const [unit] = message.units;
    if (unit === undefined) throw new Error("a message has a unit");
    tellReception(sink, { units: message.units, ...received });
    tellEnding(sink, unit, { ...ended, at: unit.acceptedAt + 5 });
    if (n % messagesPerTurn === 0) await turn();
    if (n % messagesPerFlush === 0) await sink.flush();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function messageOf(n: number): Message {
  const mailbox = parseMailbox(`recipient-${n}@domain-${n % 200}.example`);
  if (mailbox === undefined) throw new Error("it is a mailbox");
  const acceptedAt = clock.now();
  const id = makeQueueId(acceptedAt, random);
  const unit: Unit = {
    uid: uidOf(id, 0),
    destination: destinationOf(mailbox),
    envelope: { reversePath: nullReversePath, body: "8bitmime", smtpUtf8: false },
    recipients: [{ path: mailbox.text }],
    lane: "n",
    acceptedAt,
    expiresAt: acceptedAt + 120 * hourMs,
    sizeBytes: 4_321,
    tenant: "acme",
    isNotification: false,
  };
  return { id, units: [unit], content: new Uint8Array(), isRepeatable: false };
}

const received = {
  transaction: {
    reversePath: null,
    parameters: { body: "8bitmime", smtpUtf8: false },
    recipients: [],
    helo: "client.example",
    isExtended: true,
  },
  origin: {
    clientAddress: "192.0.2.9",
    sessionId: "01JDF8Z5T0ABCDEFGHJKMNPQRS",
    listener: { name: "submission", kind: "submission", mayActAs: [] },
    user: { name: "alice", passwordHash: "", tenant: "acme" },
    tls: { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", isVerified: false },
  },
  messageId: "<0123456789abcdef@client.example>",
  durationMs: 3.2,
} as const;

const ended = {
  disposition: "delivered",
  recipients: [
    {
      path: "recipient@domain.example",
      outcome: "delivered",
      code: 250,
      status: "2.0.0",
      text: "Ok: queued as 4bX1Yz2abcdef",
    },
  ],
  attempt: 1,
  provider: undefined,
  report: {
    outcomes: [],
    remote: "mx1.domain.example[192.0.2.1]",
    remoteName: "mx1.domain.example",
    tls: received.origin.tls,
    durationMs: 12.3,
    inDoubt: 0,
    isVoid: false,
  },
} as const;

function fileSink(name: string, sizeBytes: number): EventSink {
  const rotate = { sizeBytes, ageMs: hourMs };
  const keep = { sizeBytes: 1024 ** 4, ageMs: hourMs };
  return sinkTo(new FileOutlet({ folder: join(folder, name), rotate, keep, clock, log }));
}

function sinkTo(outlet: EventOutlet): EventSink {
  let dropped = 0;
  const metrics = {
    written: () => {},
    dropped: (events: number) => {
      if (dropped === 0) console.log("(events were dropped: the figures flatter)");
      dropped += events;
    },
  };
  const node = "mta1.example.net";
  // Told faster than any mail comes: what is to be measured must not be dropped.
  const waitingMax = 10_000_000;
  return new BatchingSink({ outlet, kinds: eventKinds, node, clock, log, metrics, waitingMax });
}

/** Of the folder that was written last. */
async function folderBytes(): Promise<number> {
  let bytes = 0;
  for (const name of (await readdir(folder)).slice(-1)) {
    for (const file of await readdir(join(folder, name))) {
      bytes += (await stat(join(folder, name, file))).size;
    }
  }
  return bytes;
}

try {
  const quiet = await measure("nobody", () => noEvents);
  await measure("memory", () => sinkTo({ async write() {}, async close() {} }), quiet);
  await measure("files", () => fileSink("plain", 1024 * mebibyte), quiet);
  await measure("compressed files", () => fileSink("rotated", 32 * mebibyte), quiet);
} finally {
  await rm(folder, { recursive: true });
}
