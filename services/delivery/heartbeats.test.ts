import { expect, test } from "bun:test";
import { MemoryLeases } from "#lib/leases/memory";
import type { Incarnation } from "#lib/stream/journal";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { defaultTimings } from "./config.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Tenure } from "./tenure.ts";

const me = "worker/1" as Incarnation;

test("silence pauses, then drops what is uncommitted, then ends the incarnation", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const say = (what: string) => {
    if (told.at(-1) !== what) told.push(what);
  };
  let isAway = false;
  const state = new MemoryLeases({ clock });
  const faults = {
    before: async () => {
      if (isAway) throw new Error("away");
    },
    after: async () => {},
  };
  const heartbeats = new Heartbeats({
    me,
    clock,
    leases: state.view({ clock, faults }),
    log: silentLog,
    timings: defaultTimings,
    tenure: new Tenure(clock, defaultTimings.dropWithoutHeartbeatMs),
    pause: (isPaused) => say(isPaused ? "paused" : "resumed"),
    dropUncommitted: () => say("dropped"),
    expired: () => say("expired"),
  });
  await heartbeats.start();
  expect(await state.members()).toMatchObject([{ incarnation: me, standing: "staying" }]);
  isAway = true;
  await clock.advance(16_000);
  expect(told).toEqual(["paused"]);
  isAway = false;
  await clock.advance(4_000);
  expect(told).toEqual(["paused", "resumed"]);
  isAway = true;
  await clock.advance(40_000);
  expect(told).toEqual(["paused", "resumed", "paused", "dropped", "expired"]);
  heartbeats.stop();
});
