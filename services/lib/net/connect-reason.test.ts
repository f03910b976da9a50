import { expect, test } from "bun:test";
import { connectReason } from "./connect-reason.ts";

test.each([
  ["ECONNREFUSED", "connection refused"],
  ["ETIMEDOUT", "connection timed out"],
  ["EHOSTUNREACH", "no route to host"],
  ["ENEWCODE", "ENEWCODE"],
  ["toString", "toString"],
])("connectReason() of %s is %s", (code, words) => {
  expect(connectReason(code)).toBe(words);
});
