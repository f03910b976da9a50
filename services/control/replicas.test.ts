import { expect, test } from "bun:test";
import { silentLog as log } from "#lib/telemetry/log";
import { replicasOf } from "./replicas.ts";

test("which streams lack replicas is told, and that it cannot be told", async () => {
  const lacking = [{ stream: "Q000", faults: [{ kind: "away", server: "n1" }] }] as const;
  const replicas = { streams: 2, lacking };
  expect(await replicasOf({ replicas: async () => replicas, log })).toEqual({ replicas });
  const away = () => Promise.reject(new Error("no connection"));
  expect(await replicasOf({ replicas: away, log })).toEqual({ replicas: "unknown" });
});

test("on one machine there are none, and nothing is said", async () => {
  expect(await replicasOf({ log })).toEqual({});
});
