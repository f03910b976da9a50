import { expect, test } from "bun:test";
import { parseDelivered, parseHanded, parsePending } from "./delivered.ts";

test.each([
  "$JS.ACK.Q000.oc_1.1.70.7.1795000000000000000.12",
  "$JS.ACK._.acchash.Q000.oc_1.1.70.7.1795000000000000000.12",
  "$JS.ACK.hub.acchash.Q000.oc_1.1.70.7.1795000000000000000.12.token",
])("%s", (reply) => {
  expect(parseDelivered(reply)).toEqual({ sequence: 70, delivery: 7 });
  expect(parsePending(reply)).toBe(12);
  expect(parseHanded(reply)).toEqual({ sequence: 70, tries: 1, storedAt: 1_795_000_000_000 });
});

test.each(["", "$JS.ACK", "$JS.ACK.Q000.oc_1.1.x.7.1.1", "_INBOX.x"])("%p is none", (reply) => {
  expect(() => parseDelivered(reply)).toThrow("where it stands");
});
