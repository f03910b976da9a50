import { expect, test } from "bun:test";
import { reply } from "../reply.ts";
import { noCapabilities, readCapabilities } from "./capabilities.ts";

const offered = (...lines: string[]) =>
  readCapabilities(reply(250, undefined, ["mx.example", ...lines]));

test.each([
  [["PIPELINING"], { pipelining: true }],
  [["pipelining"], { pipelining: true }],
  [["STARTTLS"], { startTls: true }],
  [["8BITMIME"], { eightBitMime: true }],
  [["SMTPUTF8"], { smtpUtf8: true }],
  [["DSN"], { dsn: true }],
  [["SIZE"], { size: 0 }],
  [["SIZE 0"], { size: 0 }],
  [["SIZE 10240000"], { size: 10_240_000 }],
  [["SIZE=10240000"], { size: 10_240_000 }],
  [["SIZE unlimited"], { size: 0 }],
  [["SIZE 99999999999999999999"], { size: 0 }],
  [["AUTH PLAIN LOGIN", "X-DSN", "DSNX", ""], {}],
  [[" DSN "], { dsn: true }],
  [[], {}],
])("readCapabilities() of %p", (lines, expected) => {
  expect(offered(...lines)).toEqual({ ...noCapabilities, ...expected });
});

test("readCapabilities() takes the first line for a greeting", () => {
  expect(readCapabilities(reply(250, undefined, ["DSN", "SIZE 1"]))).toEqual({
    ...noCapabilities,
    size: 1,
  });
});
