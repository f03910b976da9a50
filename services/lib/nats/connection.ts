/**
 * Connections to NATS: one for publishing and one for consuming, since large content blocks a socket
 * (ADR 0009).
 */
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
} from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import { inboxPrefix } from "#proto/subjects";
import { Link } from "./link.ts";

export interface NatsOptions {
  /** `nats://host:port`, all of a cluster's servers. */
  readonly servers: readonly string[];
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** The text of a credentials file. */
  readonly credentials?: string;
  readonly tls?: NatsTls;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the waiting for a server. */
  readonly signal?: AbortSignal;
  /** Hears of each try that failed. */
  readonly onFailed?: (error: unknown) => void;
}

/** PEM, as text. */
export interface NatsTls {
  readonly ca?: string;
  /** For whom the servers' certificates are, if not for the names in `servers`. */
  readonly serverName?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

export interface NatsLinks {
  readonly publish: NatsConnection;
  readonly consume: NatsConnection;
  readonly publishLink: Link;
  readonly consumeLink: Link;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** A cluster elects in seconds; a client that comes at once finds another server. */
const reconnectWaitMs = 250;
const retryFirstMs = 250;
const retryCapMs = 5_000;
/** A server that has gone without a word is noticed after two of these. */
const pingIntervalMs = 5_000;

/** Resolves when a server has taken both; until then it tries, and the log says why it cannot. */
export async function connectNats(options: NatsOptions): Promise<NatsLinks> {
  const publishLink = await connectLink(options, "publish");
  try {
    const consumeLink = await connectLink(options, "consume");
    return {
      publish: publishLink.connection,
      consume: consumeLink.connection,
      publishLink,
      consumeLink,
      close: async () => {
        await Promise.all([publishLink.close(), consumeLink.close()]);
      },
    };
  } catch (error) {
    await publishLink.close();
    throw error;
  }
}

async function connectLink(options: NatsOptions, purpose: string): Promise<Link> {
  const { clock, log, signal, servers } = options;
  for (let waitMs = retryFirstMs; ; waitMs = Math.min(waitMs * 2, retryCapMs)) {
    signal?.throwIfAborted();
    try {
      const connection = await connect(connectionOptions(options, purpose));
      log.info("nats_connected", { purpose, server: connection.getServer() });
      return new Link(connection, { purpose, inboxPrefix: inboxPrefix(options.user) }, log);
    } catch (error) {
      options.onFailed?.(error);
      log.error("nats_connect_failed", { purpose, servers, error: String(error), retryMs: waitMs });
    }
    await clock.sleep(waitMs, signal);
  }
}

function connectionOptions(options: NatsOptions, purpose: string): ConnectionOptions {
  const { user, password, token, credentials, tls } = options;
  return {
    servers: [...options.servers],
    name: `${options.name}/${purpose}`,
    inboxPrefix: inboxPrefix(user),
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    pingInterval: pingIntervalMs,
    // Credentials may be put right while we run; the log says what is wrong until then.
    ignoreAuthErrorAbort: true,
    // A stack trace for every request would cost more than the request.
    noAsyncTraces: true,
    ...(user === undefined ? undefined : { user }),
    ...(password === undefined ? undefined : { pass: password }),
    ...(token === undefined ? undefined : { token }),
    ...(credentials === undefined
      ? undefined
      : { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
    ...(tls === undefined ? undefined : { tls: tlsOptions(tls) }),
  };
}

function tlsOptions({ ca, serverName, certificate, privateKey }: NatsTls) {
  return {
    ...(serverName === undefined ? undefined : { servername: serverName }),
    ...(ca === undefined ? undefined : { ca }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(privateKey === undefined ? undefined : { key: privateKey }),
  };
}
