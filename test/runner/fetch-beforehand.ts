/** Fetches what tests stand on before them, where it can be watched and takes from no test's time. */
import { cassandraJars, cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { chartTools, chartToolsMissing } from "../support/servers/toolchain/chart-tools.ts";
import { k6Binary, k6Missing } from "../support/servers/toolchain/k6-binary.ts";
import { natsBinary, natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const kinds = {
  servers: [
    { missing: natsMissing, fetch: natsBinary },
    { missing: cassandraMissing, fetch: cassandraJars },
  ],
  chartTools: [{ missing: chartToolsMissing, fetch: chartTools }],
  k6: [{ missing: k6Missing, fetch: k6Binary }],
} as const;

/** What cannot be fetched is told; the suites that need it say so, too. */
export async function fetchBeforehand(
  what: keyof typeof kinds,
  told: (text: string) => void,
): Promise<void> {
  for (const { missing, fetch } of kinds[what]) {
    try {
      if (missing() === undefined) await fetch(told);
    } catch (error) {
      told(`${error instanceof Error ? error.message : error}\n`);
    }
  }
}
