/** The short form of `npm run faults`: one cluster of real processes, and one fault after the other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runScenario } from "../../support/cluster/scenario.ts";
import { World } from "../../support/cluster/world.ts";
import { titled } from "../../support/servers/titled.ts";
import { cassandraMissing } from "../../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../../support/servers/toolchain/nats-binary.ts";
import { scenarios } from "./scenarios.ts";

const missing = natsMissing() ?? cassandraMissing();
const startMaxMs = 600_000;
const scenarioMaxMs = 480_000;
const size = { nats: 3, edges: 2, workers: 3 };
const short = scenarios.filter(({ isShort }) => isShort);

describe.skipIf(missing !== undefined)(titled("a cluster of real processes", missing), () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start({ ...size, cassandra: 1, after: "removed", told: () => {} });
  }, startMaxMs);

  afterAll(() => world[Symbol.asyncDispose](), startMaxMs);

  test.each(short.map((scenario) => [scenario.name, scenario] as const))(
    "%s",
    async (_, scenario) => {
      expect((await runScenario(world, scenario, "busy")).faults).toEqual([]);
    },
    scenarioMaxMs,
  );
});
