import { expect, test } from "bun:test";
import { ScriptedWire, scriptedMessage } from "../../../../test/support/nats/scripted-wire.ts";
import { HandedMessage } from "./handed-message.ts";

const reply = "$JS.ACK.SPLIT.split.2.70.7.1795000000000000000.12";

function bench() {
  const link = new ScriptedWire();
  const data = new Uint8Array([1]);
  return { link, data, message: new HandedMessage(link, scriptedMessage({ reply, data })) };
}

test("says where and since when it stands, and how often it was handed out", () => {
  const { message, data } = bench();
  const { sequence, storedAt, tries } = message;
  expect({ sequence, storedAt, tries, data: message.data }).toEqual({
    ...{ sequence: 70, storedAt: 1_795_000_000_000, tries: 2, data },
  });
});

test("is kept, given back and settled by words to where it came from", async () => {
  const { link, message } = bench();
  message.keep();
  message.giveBack();
  message.giveBack(5_000);
  await message.settle(100);
  expect(link.sent.map(({ subject, data }) => [subject, data])).toEqual([
    [reply, "+WPI"],
    [reply, "-NAK"],
    [reply, '-NAK {"delay":5000000000}'],
    [reply, "+ACK"],
  ]);
});

test("without a connection nothing is said for later", () => {
  const { link, message } = bench();
  link.turn(false);
  message.keep();
  message.giveBack();
  expect(link.sent).toEqual([]);
});
