/** DESIGN §8: workers that die, stop, pause, and come and go. */
import { systemClock } from "#lib/clock";
import type { Role } from "../../../loadtest/cluster/cluster.ts";
import type { Harm, Scenario } from "../../support/cluster/scenario.ts";
import type { World } from "../../support/cluster/world.ts";

/** DESIGN §5: others may claim at 30 s, and membership settles for 5 s. */
const crashMaxMs = 40_000;
/** A shard is nobody's for a second at most; and a message takes a moment by itself. */
const handOverMaxMs = 1_500;
const pauseMs = 60_000;
/** Of one kill: a session has one message at its final dot, and one whose outcome is on its way. */
const doubtsPerSession = 2;

const orderly: Harm = { copiesMax: 0, transitMaxMs: handOverMaxMs };

export const workerScenarios: readonly Scenario[] = [
  {
    name: "worker: kill -9",
    isShort: true,
    cassandra: 1,
    async act(world, load) {
      const harm = harmOfKill(world);
      await workerOf(world, 0).node.kill();
      await takenOver(world);
      await load.more(200);
      return harm;
    },
  },
  {
    name: "worker: SIGTERM",
    isShort: true,
    cassandra: 1,
    async act(world, load) {
      await workerOf(world, 1).node.terminate();
      await load.more(400);
      await workerOf(world, 1).node.start();
      await load.more(1_000);
      return orderly;
    },
  },
  {
    name: "worker: paused for 60 s, then goes on",
    isShort: false,
    cassandra: 1,
    async act(world, load) {
      const harm = harmOfKill(world);
      const { node } = workerOf(world, 0);
      await node.pause();
      await systemClock.sleep(pauseMs);
      node.resume();
      await load.more(600);
      return harm;
    },
  },
  {
    name: "workers: three to two and back",
    isShort: false,
    cassandra: 1,
    async act(world, load) {
      for (const worker of world.cluster.ofRole("delivery")) {
        await worker.node.terminate();
        await load.more(400);
        await worker.node.start();
        await load.more(1_000);
      }
      return orderly;
    },
  },
  {
    name: "workers: kill -9 of all, again and again",
    isShort: false,
    cassandra: 1,
    async act(world, load) {
      let copiesMax = 0;
      for (let round = 0; round < 3; round++) {
        copiesMax += harmOfKill(world).copiesMax;
        const workers = world.cluster.ofRole("delivery");
        await Promise.all(workers.map(({ node }) => node.kill()));
        await Promise.all(workers.map(({ node }) => node.start()));
        await load.more(400);
      }
      return { copiesMax, transitMaxMs: undefined };
    },
  },
];

function workerOf({ cluster }: World, n: number): Role {
  const worker = cluster.ofRole("delivery")[n];
  if (worker === undefined) throw new Error(`There is no worker ${n}`);
  return worker;
}

/** To be asked right before. */
function harmOfKill({ sink }: World): Harm {
  const copiesMax = sink.counts.sessionsOpen * doubtsPerSession;
  return { copiesMax, transitMaxMs: crashMaxMs };
}

/** Time enough for others to claim what the dead one had. */
async function takenOver(_: World): Promise<void> {
  await systemClock.sleep(crashMaxMs);
}
