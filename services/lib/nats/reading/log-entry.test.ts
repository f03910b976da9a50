import { expect, test } from "bun:test";
import { headers } from "@nats-io/transport-node";
import { bodyHeader, encodeFrame } from "#proto/frame";
import { encodeUnit } from "#proto/unit";
import { newUnit } from "../../../../test/conformance/fixtures.ts";
import { scriptedMessage } from "../../../../test/support/nats/scripted-wire.ts";
import { hexOf, shard } from "../../../../test/support/records.ts";
import { idHeader } from "../publishing/publisher.ts";
import { readEntry } from "./log-entry.ts";

const unit = newUnit();
const record = encodeUnit(unit);
const content = Buffer.from("Subject: x\r\n\r\n");
const nothing = new Uint8Array();
const rubbish = new Uint8Array([9, 9]);

function read(data: Uint8Array, fields: Readonly<Record<string, string>> = {}) {
  const made = headers();
  for (const name in fields) made.set(name, fields[name] ?? "");
  const message = scriptedMessage({ data, headers: made });
  return readEntry(shard(12), { sequence: 345, message, bytes: data.length });
}

test("a unit with its content", () => {
  const { entry, body } = read(encodeFrame({ record, content }));
  expect(entry).toMatchObject({ sequence: 345, uid: unit.uid, unit });
  expect(hexOf(entry.content ?? nothing)).toBe(hexOf(content));
  expect(body).toBeUndefined();
});

test("its content keeps nothing else in memory that came with it", () => {
  const chunk = new Uint8Array(500_000);
  const frame = encodeFrame({ record, content });
  chunk.set(frame, 1_000);
  const { entry } = read(chunk.subarray(1_000, 1_000 + frame.length));
  expect(hexOf(entry.content ?? nothing)).toBe(hexOf(content));
  expect(entry.content?.buffer.byteLength).toBe(content.length);
});

test("content that stands apart is not there, and empty content is", () => {
  const apart = read(encodeFrame({ record, content: nothing }), { [bodyHeader]: "2/1" });
  expect(apart.entry.content).toBeUndefined();
  expect(apart.body).toEqual({ chunks: 2, units: 1 });
  expect(read(encodeFrame({ record, content: nothing })).entry.content).toEqual(nothing);
});

test.each([
  ["a record that is none", encodeFrame({ record: rubbish, content })],
  ["no frame", rubbish],
])("%s keeps its id, and its bytes", (_, data) => {
  const { entry } = read(data, { [idHeader]: unit.uid });
  expect([entry.uid, entry.unit, hexOf(entry.record)]).toEqual([unit.uid, undefined, "0909"]);
});

test("what has no id gets one from where it stands", () => {
  const uids = [{}, { [idHeader]: "rubbish" }].map((fields) => read(rubbish, fields).entry.uid);
  expect(uids as string[]).toEqual(Array(2).fill("00120000000000000000000345.0"));
});
