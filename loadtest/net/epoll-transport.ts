/**
 * TCP over IPv4 in clear, without what the runtime's sockets cost for each read and write. Where it
 * cannot be had, and where TLS is wanted, `bunTransport` does the same for more.
 */
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { connectReason } from "#lib/net/connect-reason";
import {
  ConnectFailed,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Transport,
} from "#lib/net/transport";
import { EpollConnection, type Shared } from "./epoll-connection.ts";
import { EpollLoop, readable, writable } from "./epoll-loop.ts";
import {
  acceptedSocket,
  addressBytes,
  addressOf,
  afInet,
  endpointOf,
  lastFault,
  loadLibc,
  localOf,
  reuse,
  socketFault,
  streamSocket,
} from "./libc.ts";

type Accept = (connection: Connection) => ConnectionHandler;

export interface EpollOptions {
  /** `shared`: other processes listen at the same port, and the kernel deals out connections. */
  readonly port?: "own" | "shared";
}

const backlog = 4_096;

/** Undefined where the system's calls cannot be had. */
export function epollTransport(clock: Clock, options: EpollOptions = {}): Transport | undefined {
  const libc = loadLibc();
  if (libc === undefined) return undefined;
  const shared: Shared = {
    loop: new EpollLoop(libc),
    deadlines: new Deadlines(clock),
    monotonic: () => clock.monotonic(),
  };
  return {
    listen: async (at, accept) => listen(shared, { at, accept, port: options.port ?? "own" }),
    connect: (to, { timeoutMs }, handler) => connect(shared, { to, clock, timeoutMs, handler }),
  };
}

interface Listening {
  readonly at: Endpoint;
  readonly accept: Accept;
  readonly port: "own" | "shared";
}

function listen(shared: Shared, { at, accept, port }: Listening): Listener {
  const { loop } = shared;
  const { libc } = loop;
  const address = addressOf(at);
  if (address === undefined) throw new Error(`Cannot listen at "${at.address}": no IPv4 address`);
  const fd = libc.socket(afInet, streamSocket, 0);
  reuse(libc, fd, port);
  if (libc.bind(fd, address, addressBytes) < 0 || libc.listen(fd, backlog) < 0) {
    const why = lastFault(libc);
    libc.close(fd);
    throw new Error(`Cannot listen at "${at.address}" port ${at.port}: ${why}`);
  }
  const local = localOf(libc, fd);
  const remote = new Uint8Array(addressBytes);
  const length = new Int32Array(1);
  const ready = () => {
    for (;;) {
      length[0] = addressBytes;
      const accepted = libc.accept4(fd, remote, length, acceptedSocket);
      if (accepted < 0) return;
      new EpollConnection(accepted, shared, endpointOf(remote)).attach(accept);
    }
  };
  loop.watch(fd, { ready }, readable);
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    loop.forget(fd);
    libc.close(fd);
  };
  return { local, stop };
}

interface Wanted {
  readonly to: Endpoint;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly handler: Accept;
}

function connect(shared: Shared, { to, clock, timeoutMs, handler }: Wanted): Promise<Connection> {
  const { loop } = shared;
  const { libc } = loop;
  return new Promise((resolve, reject) => {
    const fail = (code: string) => {
      const where = `${to.address} port ${to.port}`;
      reject(new ConnectFailed(`cannot connect to ${where}: ${connectReason(code)}`));
    };
    const address = addressOf(to);
    if (address === undefined) {
      fail("EAFNOSUPPORT");
      return;
    }
    const fd = libc.socket(afInet, streamSocket, 0);
    if (fd < 0) {
      fail("EMFILE");
      return;
    }
    // In progress or refused at once: either is told when it is writable.
    libc.connect(fd, address, addressBytes);
    const giveUp = (code: string) => {
      cancel();
      loop.forget(fd);
      libc.close(fd);
      fail(code);
    };
    const cancel = clock.after(timeoutMs, () => giveUp("ETIMEDOUT"));
    const ready = () => {
      const fault = socketFault(libc, fd);
      // Who accepts and resets at once did accept: its owner is told that it closed.
      if (fault !== undefined && fault !== "ECONNRESET") {
        giveUp(fault);
        return;
      }
      cancel();
      loop.forget(fd);
      const connection = new EpollConnection(fd, shared, to);
      resolve(connection);
      connection.attach(handler);
    };
    loop.watch(fd, { ready }, writable);
  });
}
