/** The network as one process has it: what arrives waits while it stands still, and who connects is told. */
import type {
  Connection,
  ConnectionHandler,
  Endpoint,
  Listener,
  Transport,
} from "#lib/net/transport";
import type { ProcessLife } from "./process-life.ts";

export interface GatedTransportOptions {
  readonly transport: Transport;
  readonly life: ProcessLife;
  /** A connection of this process is there; the result is called when the process has done with it. */
  readonly connected?: (local: Endpoint, remote: Endpoint) => () => void;
}

export class GatedTransport implements Transport {
  readonly #options: GatedTransportOptions;

  constructor(options: GatedTransportOptions) {
    this.#options = options;
  }

  async listen(
    at: Endpoint,
    accept: (connection: Connection) => ConnectionHandler,
  ): Promise<Listener> {
    const { transport, life } = this.#options;
    return await transport.listen(at, (connection) =>
      gatedHandler(accept(gatedConnection(connection, { life })), { connection, life }),
    );
  }

  connect(
    to: Endpoint,
    options: { readonly timeoutMs: number; readonly localAddress?: string },
    handler: (connection: Connection) => ConnectionHandler,
  ): Promise<Connection> {
    const { transport, life, connected } = this.#options;
    if (life.isDead) return Promise.withResolvers<Connection>().promise;
    const connecting = transport.connect(to, options, (connection) => {
      const gone = once(connected?.(connection.local, connection.remote));
      if (life.isDead) return silent;
      // The process may stand still just now: its own handler is asked when it goes on.
      const owner = new LateOwner({ connection, life, gone });
      life.do(() => owner.attach(handler(gatedConnection(connection, { life, gone }))));
      return owner;
    });
    return life.answer(connecting);
  }
}

const silent: ConnectionHandler = { data() {}, closed() {} };

interface Owned {
  readonly connection: Connection;
  readonly life: ProcessLife;
  readonly gone?: () => void;
}

/** Stands in for a handler that a paused process could not give yet. */
class LateOwner implements ConnectionHandler {
  readonly #owned: Owned;
  #handler: ConnectionHandler = silent;

  constructor(owned: Owned) {
    this.#owned = owned;
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  data(bytes: Uint8Array): void {
    const kept = bytes.slice();
    this.#owned.life.do(() => this.#handler.data(kept));
  }

  drained(): void {
    this.#owned.life.do(() => this.#handler.drained?.());
  }

  ended(): void {
    const { life, connection } = this.#owned;
    life.do(() => (this.#handler.ended ? this.#handler.ended() : connection.end()));
  }

  closed(error?: Error): void {
    this.#owned.gone?.();
    this.#owned.life.do(() => this.#handler.closed(error));
  }
}

/** The same handler, called only while the process runs. */
function gatedHandler(handler: ConnectionHandler, { connection, life }: Owned): ConnectionHandler {
  return {
    data(bytes) {
      // Valid only during this call, and it may have to wait.
      const kept = bytes.slice();
      life.do(() => handler.data(kept));
    },
    drained: () => life.do(() => handler.drained?.()),
    ended: () => life.do(() => (handler.ended ? handler.ended() : connection.end())),
    closed: (error) => life.do(() => handler.closed(error)),
  };
}

function gatedConnection(connection: Connection, of: Omit<Owned, "connection">): Connection {
  const { life, gone } = of;
  return {
    local: connection.local,
    remote: connection.remote,
    write: (bytes) => (life.isDead ? 0 : connection.write(bytes)),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    serveTls: (identity) => life.answer(connection.serveTls(identity)),
    startTls: (serverName) => life.answer(connection.startTls(serverName)),
    end() {
      gone?.();
      connection.end();
    },
    destroy() {
      gone?.();
      connection.destroy();
    },
  };
}

function once(task: (() => void) | undefined): () => void {
  let isDone = false;
  return () => {
    if (!isDone) task?.();
    isDone = true;
  };
}
