/** The driver's client: made again until the cluster can be reached, whatever is wrong with it. */
import type { ConnectionOptions } from "node:tls";
import { Client, policies, types } from "cassandra-driver";
import type { Clock } from "#lib/clock";
import { StoreUnavailable } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import { reasonOf } from "./failure.ts";
import { Impatience } from "./impatience.ts";

export interface CassandraOptions {
  /** `address:port` of some nodes; the others are learnt from these. */
  readonly contactPoints: readonly string[];
  /** Only its nodes are asked. */
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Texts in PEM form. */
  readonly tls?: {
    readonly ca?: string;
    /** For whom the nodes' certificates are; without it for each node's address. */
    readonly serverName?: string;
    readonly certificate?: string;
    readonly privateKey?: string;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** An answer that takes longer does not come: a node that was stopped keeps its sockets open. */
const answerMs = 2_000;
const connectMs = 3_000;
const connectAgainMs = 2_000;
/** Longer than a node needs to start, so that a rolling restart is noticed soon. */
const reconnectMaxMs = 10_000;
const connectionsPerHost = 2;

export class Connection {
  readonly #options: CassandraOptions;
  readonly #closing = new AbortController();
  readonly #firstTry: Promise<void>;
  readonly #running: Promise<void>;
  #client: Client | undefined;
  #why = "not connected yet";

  constructor(options: CassandraOptions) {
    this.#options = options;
    const first = Promise.withResolvers<void>();
    this.#firstTry = first.promise;
    this.#running = this.#connect(first.resolve);
  }

  /** Resolves when the first try has ended, well or not. */
  tried(): Promise<void> {
    return this.#firstTry;
  }

  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** @throws {StoreUnavailable} while there is none. */
  get client(): Client {
    if (this.#client === undefined) {
      throw new StoreUnavailable(`Cannot use the store: ${this.#why}`);
    }
    return this.#client;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the connection is closed"));
    await this.#running;
    const client = this.#client;
    this.#client = undefined;
    this.#why = "the connection is closed";
    await client?.shutdown();
  }

  /** Never rejects. */
  async #connect(tried: () => void): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted && this.#client === undefined) {
      const client = new Client(clientOptions(this.#options));
      try {
        await client.connect();
        this.#client = client;
        this.#watch(client);
        log.info("store_connected", { hosts: client.hosts.keys() });
      } catch (error) {
        this.#why = reasonOf(error);
        log.error("store_connect_failed", { reason: this.#why });
        await client.shutdown().catch((cause) => log.debug("store_shutdown", { cause }));
      }
      tried();
      if (this.#client === undefined) await clock.sleep(connectAgainMs, signal).catch(() => {});
    }
  }

  #watch(client: Client): void {
    const { log } = this.#options;
    client.on("hostDown", (host) => log.warn("store_host_down", { host: host.address }));
    const isUp = (host: { readonly address: string }) =>
      log.info("store_host_up", { host: host.address });
    client.on("hostUp", isUp);
    // A node that was away may come back as one that the driver did not know.
    client.on("hostAdd", isUp);
  }
}

export function clientOptions(options: CassandraOptions) {
  const { contactPoints, localDataCenter, keyspace, credentials, tls } = options;
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    keyspace,
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { sslOptions: sslOptions(tls) }),
    monitorReporting: { enabled: false },
    encoding: { useBigIntAsLong: true },
    policies: {
      loadBalancing: new policies.loadBalancing.DefaultLoadBalancingPolicy({
        localDc: localDataCenter,
      }),
      speculativeExecution: new Impatience(),
      // Repeating is up to Requests, which know until when a write may begin.
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(500, reconnectMaxMs),
    },
    pooling: { coreConnectionsPerHost: { [types.distance.local]: connectionsPerHost } },
    // Not in queryOptions, where it has no effect (driver 4.10).
    socketOptions: { readTimeout: answerMs, connectTimeout: connectMs },
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: types.consistencies.localQuorum,
    },
  };
}

function sslOptions(tls: NonNullable<CassandraOptions["tls"]>) {
  const { ca, serverName, certificate, privateKey } = tls;
  const ssl: ConnectionOptions = { rejectUnauthorized: true };
  if (serverName !== undefined) ssl.servername = serverName;
  if (ca !== undefined) ssl.ca = ca;
  if (certificate !== undefined) ssl.cert = certificate;
  if (privateKey !== undefined) ssl.key = privateKey;
  return ssl;
}
