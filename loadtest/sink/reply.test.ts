import { expect, test } from "bun:test";
import { replyOf } from "./reply.ts";

test.each([
  ["5.1.1 No", "550 5.1.1 No\r\n"],
  ["5.1.1 No\n5.1.1 Really", "550-5.1.1 No\r\n550 5.1.1 Really\r\n"],
])("replyOf(550, %j)", (text, expected) => {
  const { text: made, octets } = replyOf(550, text);
  expect([made, octets.toString()]).toEqual([expected, expected]);
});
