/**
 * One server of each kind for all suites of a test process, which keep apart by names of their own.
 * Nobody stops them: they end with the process.
 */
import { type CassandraServers, startCassandra } from "./cassandra.ts";
import { type NatsServers, startNats } from "./nats.ts";

let nats: Promise<NatsServers> | undefined;
let cassandra: Promise<CassandraServers> | undefined;

export function sharedNats(): Promise<NatsServers> {
  nats ??= startNats({ nodes: 1 });
  return nats;
}

export function sharedCassandra(): Promise<CassandraServers> {
  cassandra ??= startCassandra({ nodes: 1 });
  return cassandra;
}
