/** A process joins Cassandra: its tables checked, its store opened and watched. */
import { CassandraStore } from "#lib/cassandra/cassandra-store";
import type { Tried } from "#lib/cassandra/driver/requests";
import { checkTables } from "#lib/cassandra/schema";
import type { CassandraConfig } from "#lib/config/config";
import { type Metrics, secondsBuckets } from "#lib/telemetry/metrics";
import { persistently } from "../persistently.ts";
import { Watch } from "../watch.ts";
import { tablesOptionsOf } from "./cluster-options.ts";
import type { JoinPorts } from "./nats-side.ts";
import { unreachable } from "./reachability.ts";
import { checkReport, SchemaDiffers } from "./schema-differs.ts";

const part = "cassandra";
const seldomMs = 60_000;

export interface CassandraSettings {
  readonly shards: number;
  readonly bouncesKeptMs: number;
}

/**
 * Waits for the cluster at the start: nobody may try mail before holds are known. From then on it
 * may be away, and the work goes on as far as it can.
 */
export async function joinCassandra(
  cassandra: CassandraConfig,
  { shards, bouncesKeptMs, ...ports }: JoinPorts & CassandraSettings,
): Promise<CassandraStore> {
  const { readiness, clock, log, signal, undoing, transport } = ports;
  const options = tablesOptionsOf(cassandra, { clock, log });
  readiness.expect(part, "not connected yet");
  await persistently(async () => checkReport("Cassandra", await checkTables(options)), {
    clock,
    signal,
    onFailed: (error) => {
      if (error instanceof SchemaDiffers) throw error;
      readiness.tell(part, { reason: reasonOf(error), isBlocking: true });
    },
  });
  const store = await CassandraStore.open({
    ...{ ...options, shards, bouncesKeptMs },
    tried: requestTelemetry(ports.metrics),
  });
  undoing.add(() => store.close());
  const common = { clock, readiness, isBlocking: false };
  // A question that costs little, and says more than an open socket does.
  const rows = new Watch({ ...common, part, look: async () => void (await store.holds()) });
  const nodes = new Watch({
    ...common,
    part: "cassandra-nodes",
    everyMs: seldomMs,
    look: () => unreachable(cassandra.contactPoints, transport),
  });
  undoing.add(() => {
    rows.stop();
    nodes.stop();
  });
  await rows.start();
  void nodes.start();
  return store;
}

function requestTelemetry(metrics: Metrics): Tried {
  const requests = metrics.histogram("godwit_cassandra_request_seconds", {
    help: "A request to the cluster, each try by itself, by whether it was done.",
    buckets: secondsBuckets,
  });
  return (durationMs, isDone) => requests.record(durationMs / 1_000, { done: String(isDone) });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
