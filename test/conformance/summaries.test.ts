import { afterAll, describe } from "bun:test";
import { MemorySummaries } from "#lib/leases/memory-summaries";
import { NatsSummaries } from "#lib/nats/nats-summaries";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";
import { temporaryCluster } from "./cluster.ts";
import { summariesConformance } from "./summaries.ts";

describe("memory", () => summariesConformance(async () => new MemorySummaries()));

const noNats = natsMissing();
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

describe.skipIf(noNats !== undefined)(`NATS${noNats === undefined ? "" : `: ${noNats}`}`, () => {
  summariesConformance(async () => {
    const cluster = await temporaryCluster();
    closing.push(cluster.close);
    return new NatsSummaries(await cluster.open());
  });
});
