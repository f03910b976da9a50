import { beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { Readiness, type Trouble } from "./readiness.ts";
import { Watch } from "./watch.ts";

let clock: ManualClock;
let readiness: Readiness;
let looks: number;

beforeEach(() => {
  clock = new ManualClock();
  readiness = new Readiness({ clock, log: silentLog, metrics: new PrometheusMetrics() });
  looks = 0;
});

function watching(look: () => Promise<Trouble | undefined>): Watch {
  const counted = () => {
    looks += 1;
    return look();
  };
  return new Watch({ part: "store", look: counted, isBlocking: false, clock, readiness });
}

/** What was begun before is through. */
const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe("Watch", () => {
  test("tells what it sees, again and again until it is stopped", async () => {
    let trouble: Trouble | undefined = { reason: "away", isBlocking: false };
    const watch = watching(async () => trouble);
    await watch.start();
    expect(readiness.reasons).toMatchObject([{ part: "store", reason: "away" }]);
    trouble = undefined;
    clock.advance(3_000);
    await settled();
    expect(readiness.reasons).toEqual([]);
    watch.stop();
    clock.advance(10_000);
    await settled();
    expect([looks, clock.timers]).toEqual([2, 0]);
  });

  test("takes an error for trouble", async () => {
    const watch = watching(() => Promise.reject(new Error("Cannot use the store: no host")));
    await watch.start();
    expect(readiness.reasons).toMatchObject([{ reason: "Cannot use the store: no host" }]);
    watch.stop();
  });

  test("takes a look that does not end for trouble", async () => {
    const watch = watching(() => new Promise(() => {}));
    const first = watch.start();
    clock.advance(3_000);
    await first;
    expect(readiness.reasons).toMatchObject([{ reason: "no answer in time", isBlocking: false }]);
    watch.stop();
  });

  test("may begin later", async () => {
    const watch = watching(async () => undefined);
    watch.startLater();
    expect(looks).toBe(0);
    clock.advance(3_000);
    expect(looks).toBe(1);
    watch.stop();
  });
});
