import { expect, test } from "bun:test";
import { newMessage } from "../../../test/conformance/fixtures.ts";
import { path } from "../../../test/support/records.ts";
import { buffersOf, packed, unpacked } from "./packed.ts";
import type { Told } from "./protocol.ts";

function message() {
  const made = newMessage();
  const [unit] = made.units;
  if (unit === undefined) throw new Error("a message has a unit");
  const recipients = [
    { path: path('"a\\"b"@örtlich.example'), notify: ["failure", "delay"], orcpt: "rfc822;a+2Bb" },
    { path: path("c@örtlich.example") },
  ] as const;
  const envelope = { ...unit.envelope, ret: "headers", envid: "x", smtpUtf8: true } as const;
  const { content } = made;
  return { ...made, units: [{ ...unit, recipients, envelope, tenant: "acme" }], content };
}

const self = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const times = { startedAt: 1.5, endedAt: 2.25 };
const span = { name: "receive", kind: "server", self, ...times, attributes: { n: 1 } } as const;

const told: Told = {
  handedIn: [
    { n: 7, message: message() },
    { n: 8, message: message() },
  ],
  lines: ['{"event":"x"}\n'],
  counted: [
    ["accepted", { listener: "inbound", recipients: 2, bytes: 10, durationMs: 1.25 }],
    ["refused", 550],
  ],
  events: [{ v: 1, kind: "reception", eventId: "x", at: "", node: "n", durationMs: 3 }],
  spans: [span],
};

test("what is unpacked is what was packed, over a real boundary", () => {
  const sent = packed(told);
  expect(unpacked(structuredClone(sent))).toEqual(told);
});

test("contents are not copied", () => {
  const sent = packed({ ...told, handedIn: [{ n: 1, message: message() }] });
  const size = sent.contents[0]?.length ?? 0;
  const got = unpacked(structuredClone(sent, { transfer: buffersOf(sent) }));
  expect([got.handedIn[0]?.message.content.length, sent.contents[0]?.length]).toEqual([size, 0]);
});
