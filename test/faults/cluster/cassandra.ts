/** DESIGN §8: Cassandra nodes that die, one of three and all there are. */
import { systemClock } from "#lib/clock";
import type { Scenario } from "../../support/cluster/scenario.ts";

const awayMs = 30_000;
const longAwayMs = 150_000;
/** First attempts go on as ever. */
const noticedMaxMs = 5_000;
const unnoticed = { copiesMax: 0, transitMaxMs: noticedMaxMs } as const;

export const cassandraScenarios: readonly Scenario[] = [
  {
    name: "Cassandra: kill -9 of one of three",
    isShort: false,
    cassandra: 3,
    async act({ cluster: { cassandra } }, load) {
      for (const node of cassandra.nodes.keys()) {
        await cassandra.kill(node);
        await load.more(400);
        await cassandra.restart(node);
        await load.more(400);
      }
      return unnoticed;
    },
  },
  {
    name: "Cassandra: away for half a minute",
    isShort: true,
    cassandra: 1,
    act: (world) => away(world, awayMs),
  },
  {
    name: "Cassandra: away for minutes",
    isShort: false,
    cassandra: 1,
    act: (world) => away(world, longAwayMs),
  },
];

async function away(
  { cluster: { cassandra } }: Parameters<Scenario["act"]>[0],
  forMs: number,
): ReturnType<Scenario["act"]> {
  await Promise.all(cassandra.nodes.keys().map((node) => cassandra.kill(node)));
  await systemClock.sleep(forMs);
  await cassandra.restartAll();
  return unnoticed;
}
