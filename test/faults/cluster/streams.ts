/** DESIGN §8: a unit on a stream that nobody can read, and a stream that is full. */
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import { clusterNames } from "#proto/subjects";
import { ClusterLoad } from "../../support/cluster/cluster-load.ts";
import type { Scenario } from "../../support/cluster/scenario.ts";
import type { World } from "../../support/cluster/world.ts";

const parkedMaxMs = 20_000;
const fullMaxMs = 120_000;
const lookAgainMs = 200;
/** Nothing, a length that is none, a record that is none. */
const poison = [
  new Uint8Array(),
  new Uint8Array([255, 255, 255, 255]),
  new Uint8Array(60).fill(0xc1),
];
const parkedAnswer = z.object({ parked: z.array(z.unknown()) });

export const streamScenarios: readonly Scenario[] = [
  {
    name: "stream: units that nobody can read",
    isShort: true,
    cassandra: 1,
    async act(world, load) {
      const before = await parked(world);
      await poisoned(world);
      await load.more(400);
      const wanted = before + poison.length;
      const isSeen = await until(parkedMaxMs, async () => (await parked(world)) === wanted);
      const faults = isSeen ? [] : [`${await parked(world)} are parked, not ${wanted}`];
      return { copiesMax: 0, transitMaxMs: undefined, faults };
    },
  },
  {
    name: "stream: full, and emptied again",
    isShort: false,
    cassandra: 1,
    async act(world) {
      const workers = world.cluster.ofRole("delivery");
      await Promise.all(workers.map(({ node }) => node.terminate()));
      const large = ["--size", "200000", "--domain", "full.example", "--domains", "24"];
      const flood = ClusterLoad.start({ ...world, run: `${world.newRun()}f`, loads: [large] });
      const isFull = await until(fullMaxMs, async () => flood.refusals(452) > 0);
      await flood.stop();
      await Promise.all(workers.map(({ node }) => node.start()));
      const isFlowing = await until(fullMaxMs, async () => (await world.queued()) === 0);
      const { lost } = flood.balanceWith(world.sink.ledger);
      const faults = [
        ...(isFull ? [] : ["no edge said 452"]),
        ...(isFlowing ? [] : ["it does not empty"]),
        ...(lost.length === 0 ? [] : [`lost of the flood: ${lost.slice(0, 5).join(" ")}`]),
      ];
      return { copiesMax: 0, transitMaxMs: undefined, faults };
    },
  },
];

async function poisoned({ cluster }: World): Promise<void> {
  const link = await connect({ servers: [...cluster.nats.servers] });
  const anyUnit = `${clusterNames().splitSubject.replace(/split$/, "q")}.000.n.example.poison`;
  for (const bytes of poison) await jetstream(link).publish(anyUnit, bytes);
  await link.close();
}

async function parked(world: World): Promise<number> {
  return parkedAnswer.parse(await world.ask("/v1/parked?limit=1000")).parked.length;
}

async function until(limitMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = systemClock.monotonic() + limitMs;
  while (!(await isSo())) {
    if (systemClock.monotonic() > deadline) return false;
    await systemClock.sleep(lookAgainMs);
  }
  return true;
}
