/** The runtime's own TCP sockets, with TLS on top of a running connection. */

import type { Clock } from "../clock.ts";
import { Deadlines } from "../deadlines.ts";
import {
  BunConnection,
  type BunSocket,
  codeOf,
  remoteOf,
  type Shared,
  socketHandlers,
} from "./bun-connection.ts";
import { connectReason } from "./connect-reason.ts";
import {
  ConnectFailed,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Transport,
} from "./transport.ts";

type Accept = (connection: Connection) => ConnectionHandler;

export interface BunTransportOptions {
  /** PEM certificates a server's certificate is verified with, instead of the system's. */
  readonly authorities?: string;
  /** `shared`: other processes listen at the same port, and the kernel deals out connections. */
  readonly port?: "own" | "shared";
}

export function bunTransport(clock: Clock, options: BunTransportOptions = {}): Transport {
  const shared: Shared = {
    deadlines: new Deadlines(clock),
    monotonic: () => clock.monotonic(),
    authorities: options.authorities,
  };
  return {
    listen: async (at, accept) => {
      return listen(shared, { at, accept, isShared: options.port === "shared" });
    },
    connect: (to, connectOptions, handler) => {
      return connect(shared, { to, clock, handler, ...connectOptions });
    },
  };
}

interface Listening {
  readonly at: Endpoint;
  readonly accept: Accept;
  readonly isShared: boolean;
}

function listen(shared: Shared, { at, accept, isShared }: Listening): Listener {
  try {
    const listener = Bun.listen<BunConnection | undefined>({
      hostname: at.address,
      port: at.port,
      allowHalfOpen: true,
      ...(isShared ? { reusePort: true } : {}),
      data: undefined,
      socket: {
        ...socketHandlers,
        open(socket) {
          const remote = remoteOf(socket);
          if (remote === undefined) {
            socket.terminate();
            return;
          }
          const connection = new BunConnection(socket, shared, remote);
          socket.data = connection;
          connection.attach(accept);
        },
      },
    });
    return {
      local: { address: at.address, port: listener.port },
      stop: async () => listener.stop(),
    };
  } catch (cause) {
    const why = codeOf(cause) ?? String(cause);
    throw new Error(`Cannot listen at "${at.address}" port ${at.port}: ${why}`, { cause });
  }
}

interface Wanted {
  readonly to: Endpoint;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly localAddress?: string;
  readonly handler: Accept;
}

function connect(shared: Shared, wanted: Wanted): Promise<Connection> {
  const { to, clock, timeoutMs, localAddress, handler } = wanted;
  return new Promise((resolve, reject) => {
    let isGivenUp = false;
    const fail = (cause: unknown, why = codeOf(cause) ?? String(cause)) => {
      isGivenUp = true;
      cancel();
      const where = `${to.address} port ${to.port}`;
      reject(new ConnectFailed(`cannot connect to ${where}: ${connectReason(why)}`, { cause }));
    };
    const cancel = clock.after(timeoutMs, () => fail(undefined, "ETIMEDOUT"));
    const socket = {
      ...socketHandlers,
      open(opened: BunSocket) {
        cancel();
        // The runtime cannot call a connect off; who comes too late is sent away.
        if (isGivenUp) {
          opened.terminate();
          return;
        }
        const connection = new BunConnection(opened, shared, to);
        opened.data = connection;
        resolve(connection);
        connection.attach(handler);
      },
      connectError: (_: BunSocket, error: Error) => fail(error),
    };
    const options = {
      hostname: to.address,
      port: to.port,
      allowHalfOpen: true,
      data: undefined,
      ...(localAddress === undefined ? {} : { localAddress }),
    };
    Bun.connect<BunConnection | undefined>({ ...options, socket }).catch(fail);
  });
}
