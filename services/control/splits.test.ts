import { expect, test } from "bun:test";
import { silentLog as log } from "#lib/telemetry/log";
import { splitsOf } from "./splits.ts";

test("what waits is told, and that it cannot be told", async () => {
  const backlog = { waiting: 3, inFlight: 2, oldestMs: 7_500 };
  expect(await splitsOf({ splitBacklog: async () => backlog, log })).toEqual({ splits: backlog });
  const away = () => Promise.reject(new Error("no leader"));
  expect(await splitsOf({ splitBacklog: away, log })).toEqual({ splits: "unknown" });
});

test("on one machine nothing waits to be fanned out, and nothing is said", async () => {
  expect(await splitsOf({ log })).toEqual({});
});
