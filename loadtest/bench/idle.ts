/** What a session that says nothing costs. */
import { systemClock } from "#lib/clock";
import { freePort } from "../../test/peers/peer.ts";
import { Sink } from "../sink/sink.ts";
import { Source } from "../source/source.ts";
import { type Contestant, pidsOf, type Running } from "./contestants/contestant.ts";
import { IdleSessions } from "./idle-sessions.ts";
import { usageOf } from "./process-tree.ts";
import { sourceOptions } from "./workload.ts";

export interface Idle {
  readonly asked: number;
  readonly held: number;
  readonly anonymousBytesEach: number;
  readonly processes: number;
  /** Of one core, while nothing happens. */
  readonly cores: number;
}

const warmUpMessages = 2_000;
/** Memory is given back, and garbage collected, in its own time. */
const settleMs = 5_000;

export async function idle(contestant: Contestant, wanted: number): Promise<Idle> {
  const asked = Math.min(wanted, contestant.idleMax);
  await using sink = await Sink.start();
  const down = { address: "127.0.0.1", port: await freePort() };
  const running = await contestant.start({ up: sink.endpoint, down });
  const sessions = new IdleSessions(running.endpoint);
  try {
    const common = { to: running.endpoint, sessions: 20, sizeBytes: 4_096 };
    await new Source(sourceOptions({ ...common, run: "warm", messages: warmUpMessages })).run();
    await systemClock.sleep(settleMs);
    const before = usage(running);
    await sessions.open(asked);
    await systemClock.sleep(settleMs);
    const settled = usage(running);
    await systemClock.sleep(settleMs);
    const after = usage(running);
    const grownBytes = after.anonymousBytes - before.anonymousBytes;
    return {
      asked,
      held: sessions.held,
      anonymousBytesEach: grownBytes / Math.max(1, sessions.held),
      processes: after.processes,
      cores: ((after.cpuSeconds - settled.cpuSeconds) * 1_000) / settleMs,
    };
  } finally {
    sessions.close();
    await running.stop();
  }
}

function usage(running: Running) {
  return usageOf(...pidsOf(running));
}
