/** DESIGN §8: every process replaced in turn, while mail comes in and mail waits. */
import type { LoadWords } from "../../support/cluster/cluster-load.ts";
import { type Scenario, usualLoads } from "../../support/cluster/scenario.ts";

/** Tried again and again, as long as the roll lasts. */
const waiting: LoadWords = [
  ...["--rate", "3", "--sessions", "2", "--domain", "waits.example", "--domains", "6"],
  ...["--local-part", "451-at-rcpt-8-times"],
];

export const rollingScenarios: readonly Scenario[] = [
  {
    name: "rolling: every process in turn, with mail that waits",
    isShort: false,
    cassandra: 1,
    loads: [...usualLoads, waiting],
    async act({ cluster }, load) {
      for (const role of ["control", "delivery", "edge"] as const) {
        for (const { node } of cluster.ofRole(role)) {
          await node.terminate();
          await load.moreOfAny(100);
          await node.start();
          await load.more(400);
        }
      }
      // What an edge had begun when it ended is begun again elsewhere.
      return { copiesMax: 0, transitMaxMs: undefined };
    },
  },
];
