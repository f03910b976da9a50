/** DESIGN §8: NATS servers that die, alone and together, and one that stands still. */
import { systemClock } from "#lib/clock";
import type { Scenario } from "../../support/cluster/scenario.ts";

/** Longer than a publish waits for its answer. */
const standstillMs = 12_000;

/**
 * A journal record that could not be written holds up nothing but the floor: the worker still knows
 * what it has delivered. So no copy is excused.
 */
const noCopies = { copiesMax: 0, transitMaxMs: undefined } as const;

export const natsScenarios: readonly Scenario[] = [
  {
    name: "NATS: kill -9 of one, of each in turn",
    isShort: true,
    cassandra: 1,
    async act({ cluster: { nats } }, load) {
      for (const node of nats.nodes.keys()) {
        await nats.kill(node);
        await load.more(200);
        await nats.restart(node);
        await load.more(200);
      }
      return noCopies;
    },
  },
  {
    name: "NATS: kill -9 of all at once",
    isShort: true,
    cassandra: 1,
    async act({ cluster: { nats } }, load) {
      await Promise.all(nats.nodes.keys().map((node) => nats.kill(node)));
      await nats.restartAll();
      await load.more(400);
      return noCopies;
    },
  },
  {
    name: "NATS: one stands still, and goes on",
    isShort: false,
    cassandra: 1,
    async act({ cluster: { nats } }, load) {
      for (const node of nats.nodes.keys()) {
        await nats.pause(node);
        await systemClock.sleep(standstillMs);
        nats.resume(node);
        await load.more(200);
      }
      return noCopies;
    },
  },
];
