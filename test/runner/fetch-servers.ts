/** Fetches real servers before the tests, where it can be watched and takes from no test's time. */
import { cassandraJars, cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsBinary, natsMissing } from "../support/servers/toolchain/nats-binary.ts";

/** What cannot be fetched is told; the suites that need it say so, too. */
export async function fetchServers(told: (text: string) => void): Promise<void> {
  const kinds = [
    { missing: natsMissing, fetch: natsBinary },
    { missing: cassandraMissing, fetch: cassandraJars },
  ];
  for (const { missing, fetch } of kinds) {
    try {
      if (missing() === undefined) await fetch(told);
    } catch (error) {
      told(`${error instanceof Error ? error.message : error}\n`);
    }
  }
}
