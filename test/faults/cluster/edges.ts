/** DESIGN §8: edges that die with transactions under way, and end in good order. */
import type { Scenario } from "../../support/cluster/scenario.ts";

const rounds = 3;

export const edgeScenarios: readonly Scenario[] = [
  {
    name: "edge: kill -9 within transactions",
    isShort: true,
    cassandra: 1,
    async act({ cluster }, load) {
      const [edge] = cluster.ofRole("edge");
      for (let round = 0; round < rounds; round++) {
        await edge?.node.kill();
        await load.moreOfAny(100);
        await edge?.node.start();
        await load.more(200);
      }
      // A client that saw no 250 may send again; this one does not.
      return { copiesMax: 0, transitMaxMs: undefined };
    },
  },
  {
    name: "edge: SIGTERM",
    isShort: false,
    cassandra: 1,
    async act({ cluster }, load) {
      const [edge] = cluster.ofRole("edge");
      await edge?.node.terminate();
      await load.moreOfAny(100);
      await edge?.node.start();
      await load.more(200);
      return { copiesMax: 0, transitMaxMs: undefined };
    },
  },
];
