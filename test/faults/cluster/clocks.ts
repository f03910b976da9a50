/** DESIGN §8: the wall clocks of machines step. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemClock } from "#lib/clock";
import type { Role } from "../../../loadtest/cluster/cluster.ts";
import type { Scenario } from "../../support/cluster/scenario.ts";
import { setClockAhead } from "../../support/process/clock-step.ts";

const hour = 3_600_000;
const stepMaxMs = 10_000;
const lookAgainMs = 50;
/** First attempts know nothing of it, and a retry is a second away. */
const transitMaxMs = 5_000;

export const clockScenarios: readonly Scenario[] = [
  {
    name: "clock: of a worker and an edge, an hour forward and an hour back",
    isShort: false,
    cassandra: 1,
    async act({ cluster }, load) {
      const roles = (["delivery", "edge"] as const).flatMap((it) => cluster.ofRole(it).slice(0, 1));
      for (const aheadMs of [hour, -hour, 0]) {
        await Promise.all(roles.map((role) => stepped(role, aheadMs)));
        await load.more(600);
      }
      return { copiesMax: 0, transitMaxMs };
    },
  },
];

/** Resolves when the process goes by it. */
async function stepped({ name, node, logFile }: Role, aheadMs: number): Promise<void> {
  const log = resolve(logFile);
  const before = await steps(log);
  await setClockAhead(dirname(log), aheadMs);
  if (node.pid === undefined) throw new Error(`${name} does not run`);
  process.kill(node.pid, "SIGUSR2");
  const deadline = systemClock.monotonic() + stepMaxMs;
  while ((await steps(log)) === before) {
    if (systemClock.monotonic() > deadline) throw new Error(`The clock of ${name} does not step`);
    await systemClock.sleep(lookAgainMs);
  }
}

async function steps(log: string): Promise<number> {
  return (await readFile(log, "utf8")).split('"event":"clock_stepped"').length;
}
