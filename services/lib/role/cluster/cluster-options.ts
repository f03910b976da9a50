/** From the configuration of the file to what the cluster's clients and its schema are told. */
import type { TablesOptions } from "#lib/cassandra/schema";
import type { Clock } from "#lib/clock";
import type { CassandraConfig, Config, NatsConfig } from "#lib/config/config";
import type { NatsOptions } from "#lib/nats/connection";
import type { WantedStreams } from "#lib/nats/stream-plan";
import type { Endpoint } from "#lib/net/transport";
import type { Log } from "#lib/telemetry/log";
import { clusterNames } from "#proto/subjects";

interface ClientPorts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Large content outlives its message, which may wait for its time first: a clock may be off, a give-up takes its time. */
const bodyAgeMarginMs = 24 * 3_600_000;

export function natsOptionsOf(
  nats: NatsConfig,
  { name, ...ports }: ClientPorts & { readonly name: string },
): NatsOptions {
  const { servers, user, password, token, credentials, tls } = nats;
  return {
    ...ports,
    servers,
    name,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(token === undefined ? {} : { token }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls }),
  };
}

export function wantedStreamsOf(config: Config, nats: NatsConfig): WantedStreams {
  const { replicas, shardBytesMax, splitBytesMax, bodyBytesMax, journalBytesMax } = nats;
  const { keysBytesMax } = nats;
  const { stream, kinds } = config.events;
  return {
    names: clusterNames(nats.namespace),
    shards: config.shards,
    replicas,
    shardBytesMax,
    splitBytesMax,
    bodyBytesMax,
    journalBytesMax,
    keysBytesMax,
    ...(stream && kinds.length > 0 ? { eventsBytesMax: nats.eventsBytesMax } : undefined),
    bodyAgeMs: config.scheduling.upToMs + config.delivery.retry.lifetimeMs + bodyAgeMarginMs,
  };
}

export function tablesOptionsOf(cassandra: CassandraConfig, ports: ClientPorts): TablesOptions {
  const { contactPoints, localDataCenter, keyspace, replication, tls } = cassandra;
  const { username, password } = cassandra;
  return {
    ...ports,
    contactPoints: contactPoints.map(hostPort),
    localDataCenter,
    keyspace,
    replication,
    ...(username === undefined ? {} : { credentials: { username, password: password ?? "" } }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function hostPort({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
