/** The way out: from an address of this machine, or over a proxy that has it. */
import type { Clock } from "../../clock.ts";
import { proxyHeader } from "../proxy/proxy-header.ts";
import {
  ConnectFailed,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Transport,
} from "../transport.ts";
import { SocksHandshake, type SocksLogin, type SocksStep } from "./socks.ts";

export interface Egress {
  /** Of this machine; with a PROXY protocol's proxy, of the proxy. */
  readonly address?: string;
  readonly proxy?: EgressProxy;
}

export type EgressProxy =
  | { readonly kind: "socks5"; readonly at: Endpoint; readonly login?: SocksLogin }
  | { readonly kind: "proxyProtocol"; readonly at: Endpoint };

/** The way out itself cannot be used, whatever it is used for. */
export class EgressFailed extends ConnectFailed {
  readonly isEgress = true;
}

export interface EgressOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
}

type Accept = (connection: Connection) => ConnectionHandler;

/** As `Transport.connect`. Rejects with `EgressFailed` when it is not the host's fault. */
export async function connectBy(
  transport: Transport,
  egress: Egress,
  wanted: { readonly to: Endpoint; readonly options: EgressOptions; readonly handler: Accept },
): Promise<Connection> {
  const { to, options, handler } = wanted;
  const { timeoutMs } = options;
  const { address, proxy } = egress;
  if (proxy === undefined) return await direct(transport, address, wanted);
  if (proxy.kind === "socks5") return await bySocks(transport, proxy, wanted);
  const from = { address: address ?? (to.address.includes(":") ? "::" : "0.0.0.0"), port: 0 };
  const header = proxyHeader(from, to);
  return await atProxy(proxy.at, () =>
    transport.connect(proxy.at, { timeoutMs }, (connection) => {
      connection.write(header);
      return handler(connection);
    }),
  );
}

async function direct(
  transport: Transport,
  localAddress: string | undefined,
  { to, options, handler }: { to: Endpoint; options: EgressOptions; handler: Accept },
): Promise<Connection> {
  const { timeoutMs } = options;
  if (localAddress === undefined) return await transport.connect(to, { timeoutMs }, handler);
  try {
    return await transport.connect(to, { timeoutMs, localAddress }, handler);
  } catch (error) {
    if (!(error instanceof Error) || !isNotPlumbed(error)) throw error;
    throw new EgressFailed(`cannot send from ${localAddress}: it is no address of this machine`, {
      cause: error,
    });
  }
}

/** The runtime tells it as the one or the other. */
function isNotPlumbed({ cause }: Error): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "EADDRNOTAVAIL" || code === "EINVAL";
}

async function atProxy<T>(at: Endpoint, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    if (error instanceof EgressFailed || !(error instanceof ConnectFailed)) throw error;
    throw new EgressFailed(`the proxy at ${at.address} port ${at.port}: ${error.message}`, {
      cause: error,
    });
  }
}

function bySocks(
  transport: Transport,
  { at, login }: { readonly at: Endpoint; readonly login?: SocksLogin },
  { to, options, handler }: { to: Endpoint; options: EgressOptions; handler: Accept },
): Promise<Connection> {
  const { timeoutMs, clock } = options;
  const opened = Promise.withResolvers<Connection>();
  let proxied: Connection | undefined;
  const cancel = clock.after(timeoutMs, () => {
    opened.reject(new ConnectFailed(`cannot connect to ${placeOf(to)}: connection timed out`));
    proxied?.destroy();
  });
  const accept: Accept = (connection) => {
    proxied = connection;
    return new SocksClient(connection, {
      handshake: new SocksHandshake(to, login),
      open: () => {
        opened.resolve(connection);
        return handler(connection);
      },
      failed: ({ reason, isProxy }) => {
        const text = isProxy
          ? `the proxy at ${placeOf(at)}: ${reason}`
          : `cannot connect to ${placeOf(to)}: ${reason}`;
        opened.reject(isProxy ? new EgressFailed(text) : new ConnectFailed(text));
      },
    });
  };
  const connecting = atProxy(at, () => transport.connect(at, { timeoutMs }, accept));
  connecting.catch((error: unknown) => opened.reject(error));
  return opened.promise.finally(cancel);
}

const nothing = new Uint8Array();

interface SocksPorts {
  readonly handshake: SocksHandshake;
  /** Whoever has the connection from here on. */
  readonly open: () => ConnectionHandler;
  readonly failed: (failure: { readonly reason: string; readonly isProxy: boolean }) => void;
}

class SocksClient implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #ports: SocksPorts;
  #inner: ConnectionHandler | undefined;

  constructor(connection: Connection, ports: SocksPorts) {
    this.#connection = connection;
    this.#ports = ports;
    this.#take(ports.handshake.start());
  }

  data(bytes: Uint8Array): void {
    if (this.#inner !== undefined) return this.#inner.data(bytes);
    for (let rest = bytes; ; rest = nothing) {
      const step = this.#ports.handshake.receive(rest);
      if (step === undefined) return;
      this.#take(step);
      if (step.kind !== "send") return;
    }
  }

  drained(): void {
    this.#inner?.drained?.();
  }

  ended(): void {
    if (this.#inner !== undefined) this.#inner.ended?.();
    else this.#connection.destroy();
  }

  closed(error?: Error): void {
    if (this.#inner !== undefined) return this.#inner.closed(error);
    this.#ports.failed({ reason: "it closed the connection", isProxy: true });
  }

  #take(step: SocksStep): void {
    switch (step.kind) {
      case "send":
        this.#connection.write(step.bytes);
        return;
      case "open":
        this.#inner = this.#ports.open();
        if (step.rest.length > 0) this.#inner.data(step.rest);
        return;
      case "failed":
        this.#ports.failed(step);
        this.#connection.destroy();
        return;
    }
  }
}

function placeOf({ address, port }: Endpoint): string {
  return `${address} port ${port}`;
}
