import { expect, test } from "bun:test";
import { headers } from "@nats-io/transport-node";
import { scriptedMessage } from "../../../../test/support/nats/scripted-wire.ts";
import { readPubAnswer } from "./pub-answer.ts";

const message = (text: string) => scriptedMessage({ data: new TextEncoder().encode(text) });

test.each([
  [
    '{"stream":"Q000","seq":7}',
    { kind: "stored", stream: "Q000", sequence: 7, isDuplicate: false },
  ],
  [
    '{"stream":"Q000","domain":"hub","seq":7,"duplicate":true}',
    { kind: "stored", stream: "Q000", sequence: 7, isDuplicate: true },
  ],
  [
    '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}',
    { kind: "refused", code: 10077, reason: "maximum bytes exceeded (10077)" },
  ],
] as const)("%s", (text, answer) => {
  expect(readPubAnswer(message(text))).toEqual(answer);
});

test.each(["", "+OK", "null", "{}", '{"stream":"Q000"}', '{"stream":1,"seq":1}', '{"error":1}'])(
  "%p tells nothing",
  (text) => {
    expect(readPubAnswer(message(text)).kind).toBe("unanswered");
  },
);

test("a server that knows nobody who listens says so", () => {
  const none = headers(503, "No Responders");
  expect(readPubAnswer(scriptedMessage({ headers: none })).kind).toBe("nobody");
});
