/** All faults of DESIGN §8 that are done to real processes. */
import type { Scenario } from "../../support/cluster/scenario.ts";
import { cassandraScenarios } from "./cassandra.ts";
import { clockScenarios } from "./clocks.ts";
import { dnsScenarios } from "./dns.ts";
import { edgeScenarios } from "./edges.ts";
import { natsScenarios } from "./nats.ts";
import { remoteScenarios } from "./remote.ts";
import { rollingScenarios } from "./rolling.ts";
import { streamScenarios } from "./streams.ts";
import { workerScenarios } from "./workers.ts";

export const scenarios: readonly Scenario[] = [
  ...edgeScenarios,
  ...workerScenarios,
  ...natsScenarios,
  ...cassandraScenarios,
  ...streamScenarios,
  ...remoteScenarios,
  ...dnsScenarios,
  ...rollingScenarios,
  ...clockScenarios,
];
