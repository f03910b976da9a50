import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import {
  decodeEventRecord,
  type EventRecord,
  encodeEventRecord,
  encodeEventRecords,
  eventKinds,
} from "./event-record.ts";
import { UndecodableRecord } from "./record.ts";

const queueId = "01JDF8Z5T0ABCDEFGHJKMNPQRS";
const uid = `${queueId}.0`;
const head = {
  v: 1,
  at: "2026-11-28T15:26:25.123Z",
  node: "mta1.example.net",
} as const;
const message = {
  queueId,
  uid,
  createdAt: "2026-11-28T15:26:24.000Z",
  reversePath: "news@sender.example",
  recipient: "b@b.example",
  destination: "b.example",
  provider: "mx.b.example",
  sizeBytes: 4_096,
  tenant: "acme",
  campaign: "spring",
  pool: "warm",
} as const;
const session = {
  sessionId: "01JDF8Z5T0ABCDEFGHJKMNPQRT",
  protocol: "ESMTPSA",
  tlsProtocol: "TLSv1.3",
  tlsCipher: "TLS_AES_128_GCM_SHA256",
} as const;
const attempt = {
  attempt: 2,
  durationMs: 132,
  remoteHost: "mx1.b.example",
  remoteAddress: "192.0.2.1",
  source: "ip-7",
  sourceAddress: "198.51.100.7",
  ...session,
  protocol: "ESMTPS",
  tlsPeer: "mx1.b.example",
} as const;
const idOf = (kind: string, n = 2) => `${uid}/${kind}/${n}/b@b.example`;

/** Each kind, with all that it can have. */
const samples: Readonly<Record<(typeof eventKinds)[number], EventRecord>> = {
  reception: {
    ...{ ...head, kind: "reception", eventId: idOf("reception", 0), ...message },
    messageId: "<x@sender.example>",
    durationMs: 4,
    ...session,
    listener: "submission",
    clientAddress: "203.0.113.9",
    helo: "client.example",
    user: "alice",
  },
  transient: {
    ...{ ...head, kind: "transient", eventId: idOf("transient"), ...message, ...attempt },
    nextAttemptAt: "2026-11-28T15:36:25.123Z",
    ...{ code: 451, status: "4.7.1", text: 'Greylisted, "try" again\tlater' },
  },
  delivery: {
    ...{ ...head, kind: "delivery", eventId: idOf("delivery"), ...message, ...attempt },
    ...{ code: 250, status: "2.0.0", text: "Ok: queued as 7F" },
  },
  bounce: {
    ...{ ...head, kind: "bounce", eventId: idOf("bounce"), ...message, ...attempt },
    ...{ code: 550, status: "5.1.1", text: "Empfänger unbekannt", bounceClass: "bad-mailbox" },
  },
  expiration: {
    ...{ ...head, kind: "expiration", eventId: idOf("expiration", 40), ...message, attempt: 40 },
    ...{ status: "5.4.7", text: "given up", bounceClass: "expired", isNotification: true },
  },
  suppression: {
    ...{ ...head, kind: "suppression", eventId: idOf("suppression", 0), ...message, attempt: 0 },
    ...{ status: "5.7.1", text: "suppressed", bounceClass: "suppressed", reason: "bad-mailbox" },
  },
  admin: {
    ...{ ...head, kind: "admin", eventId: "mta1.example.net/admin/2026-11-28T15:26:25.123Z/1" },
    ...{ action: "hold", destination: "b.example", reason: "they asked", units: 17 },
  },
  limitChange: {
    ...{ ...head, kind: "limitChange" },
    eventId: "7hn3k2p0xw9a/limitChange/started/2026-11-28T15:26:25.123Z",
    ...{ action: "started", rule: "gmail-rate", measure: "7hn3k2p0xw9a", effect: "limit" },
    ...{ limit: "messages 20/min", provider: "google", source: "ip-7" },
    ...{ until: "2026-11-28T16:26:25.123Z", text: "421 4.7.28 too many" },
  },
  dropped: { ...head, kind: "dropped", eventId: "mta1.example.net/dropped/a/3", dropped: 12 },
};

describe("event records", () => {
  test.each(eventKinds)("%s is written as the golden file has it", (kind) => {
    const golden = new URL(`../test/golden/events/${kind}.jsonl`, import.meta.url);
    expect(encodeEventRecord(samples[kind])).toBe(readFileSync(golden, "utf8"));
  });

  test.each(eventKinds)("%s is read as it was written", (kind) => {
    const read = decodeEventRecord(encodeEventRecord(samples[kind]));
    expect<object>(read).toEqual(samples[kind]);
  });

  test("a line is a line, whatever a host says", () => {
    const text = 'a\r\nb\u2028c"}\n{"v":1';
    const line = encodeEventRecord({ ...samples.bounce, text });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(decodeEventRecord(line).text).toBe(text);
  });

  test("many are written as one after the other, whatever stands in them", () => {
    const text = '},{"v":1,"kind":"bounce"}\n},{\\"v\\":1,';
    const records = [...Object.values(samples), { ...samples.bounce, text, tenant: text }];
    expect(encodeEventRecords(records)).toBe(records.map(encodeEventRecord).join(""));
    expect(encodeEventRecords(records.slice(0, 1))).toBe(encodeEventRecord(samples.reception));
    expect(encodeEventRecords([])).toBe("");
  });

  test("what is not known is absent", () => {
    const line = encodeEventRecord({ ...samples.dropped, tenant: undefined });
    expect(line).not.toContain("tenant");
  });

  test("fields and kinds of a newer version are kept", () => {
    const line = JSON.stringify({ ...samples.bounce, kind: "feedback", weather: { is: "fine" } });
    expect(decodeEventRecord(line)).toMatchObject({ kind: "feedback", weather: { is: "fine" } });
  });

  test.each([
    ["", "it is no JSON"],
    ['{"v":1', "it is no JSON"],
    ["[]", "it is not a map"],
    ["null", "it is not a map"],
    ['{"v":2}', "version 2 is not known"],
    ['{"v":1}', "kind is no text"],
    ['{"v":1,"kind":"bounce","eventId":"","at":"x","node":"n"}', "eventId is no text"],
    ['{"v":1,"kind":"bounce","eventId":"i","at":7,"node":"n"}', "at is no text"],
  ])("%s is refused", (line, reason) => {
    expect(() => decodeEventRecord(line)).toThrow(UndecodableRecord);
    expect(() => decodeEventRecord(line)).toThrow(reason);
  });
});
