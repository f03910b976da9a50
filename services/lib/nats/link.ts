/** One connection to NATS, and whether it is up: what is published while it is down would pile up. */
import type { NatsConnection, Status } from "@nats-io/transport-node";
import { Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";

/** What publishing and reading need of a connection. */
export interface Wire {
  readonly connection: Pick<
    NatsConnection,
    "publish" | "request" | "subscribe" | "flush" | "isClosed" | "info"
  >;
  /** Under which answers are heard; without it the client's own. */
  readonly inboxPrefix?: string;
  readonly isUp: boolean;
  readonly changed: Waiters;
  onDown(listener: () => void): () => void;
}

export class Link implements Wire {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  /** Woken when the connection goes down or comes back. */
  readonly changed = new Waiters();
  readonly #downListeners = new Set<() => void>();
  readonly #purpose: string;
  readonly #log: Log;
  #isUp = true;
  #watching: Promise<void>;

  constructor(
    connection: NatsConnection,
    { purpose, inboxPrefix }: { readonly purpose: string; readonly inboxPrefix: string },
    log: Log,
  ) {
    this.connection = connection;
    this.inboxPrefix = inboxPrefix;
    this.#purpose = purpose;
    this.#log = log;
    this.#watching = this.#watch();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Calls `listener` each time the connection goes down; the result ends that. */
  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => void this.#downListeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) this.#take(status);
    const error = await this.connection.closed();
    this.#turn(false);
    const fields = { purpose: this.#purpose };
    if (error) this.#log.error("nats_closed", { ...fields, error: String(error) });
  }

  #take(status: Status): void {
    const fields = { purpose: this.#purpose };
    switch (status.type) {
      case "disconnect":
        this.#log.warn("nats_disconnected", { ...fields, server: status.server });
        return this.#turn(false);
      case "reconnect":
        this.#log.info("nats_reconnected", { ...fields, server: status.server });
        return this.#turn(true);
      case "error":
        return this.#log.error("nats_error", { ...fields, error: String(status.error) });
      case "ldm":
        return this.#log.info("nats_server_leaves", { ...fields, server: status.server });
      case "slowConsumer":
        return this.#log.warn("nats_slow_consumer", { ...fields, pending: status.pending });
      case "staleConnection":
        return this.#log.warn("nats_stale_connection", fields);
      default:
        return this.#log.debug("nats_status", { ...fields, type: status.type });
    }
  }

  #turn(isUp: boolean): void {
    const isLost = this.#isUp && !isUp;
    this.#isUp = isUp;
    if (isLost) for (const listener of this.#downListeners) listener();
    this.changed.wake();
  }
}
