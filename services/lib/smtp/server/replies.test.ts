import { expect, test } from "bun:test";
import { encodeReply, type Reply } from "../reply.ts";
import { refusesMessage, replies } from "./replies.ts";

const all: [string, Reply][] = Object.entries(replies);

test.each(all)(
  "RFC 5321 §4.5.3.1.5: %s is a line of printable ASCII, 512 octets at most",
  (_, r) => {
    const wire = encodeReply(r);
    expect(wire).toMatch(/^[2-5][0-5][0-9] [ -~]+\r\n$/);
    expect(wire.length).toBeLessThanOrEqual(512);
  },
);

test.each(all)("RFC 2034 §4: %s has a status, unless it is a go-ahead", (_, r) => {
  expect(r.status === undefined).toBe(r.class === 3);
});

test("a message is refused by what is said of its content or size, not of a command", () => {
  expect(all.filter(([, r]) => refusesMessage(r)).map(([name]) => name)).toEqual([
    "tooBig",
    "loop",
    "contentBareCrOrLf",
    "contentLineTooLong",
  ]);
});
