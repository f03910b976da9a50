/** Seam: byte streams between hosts, with TLS on top of a running one. */

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface TlsInfo {
  /** As in `Received`: "TLSv1.3". */
  readonly protocol: string;
  readonly cipher: string;
  /** The name in the peer's certificate, verified or not; 255 characters at most. Not of clients. */
  readonly peer?: string;
  /**
   * The peer's certificate was verified against the name asked for. Always false on the server
   * side.
   */
  readonly isVerified: boolean;
  readonly verifyError?: string;
}

/** PEM texts. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a connection tells its owner. Never called again after `closed`. */
export interface ConnectionHandler {
  /** `bytes` is valid only during the call. */
  data(bytes: Uint8Array): void;
  /** Everything written has been handed to the network. */
  drained?(): void;
  /**
   * The peer will send no more; what we write is still carried. Whoever does not ask for it ends in
   * turn. Not told after our own `end`: then only `closed` is left.
   */
  ended?(): void;
  /** Once, last. `error` when it was not an orderly end. */
  closed(error?: Error): void;
}

export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Takes all bytes; returns those not yet handed to the network (0: all gone). The array may be
   * reused after.
   */
  write(bytes: Uint8Array): number;
  /** Stops and resumes `data`: back-pressure to the peer. */
  pause(): void;
  resume(): void;
  /**
   * Handshake as server. Plaintext that arrived before is lost to the session: it must not be used
   * (STYLE §14.4). `begun`: what came of the handshake itself behind something that was to be read
   * in clear first, such as a proxy's header.
   */
  serveTls(identity: TlsIdentity, begun?: Uint8Array): Promise<TlsInfo>;
  /** Handshake as client. A failed verification is told, not enforced. */
  startTls(serverName: string): Promise<TlsInfo>;
  /** Sends what is written, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface Listener {
  readonly local: Endpoint;
  stop(): Promise<void>;
}

export interface Transport {
  /** Rejects with the operating system's reason when the address cannot be had. */
  listen(at: Endpoint, accept: (connection: Connection) => ConnectionHandler): Promise<Listener>;
  /**
   * Rejects with `ConnectFailed` after `timeoutMs` or when the peer refuses.
   * `handler` is asked once the connection is there, before any data is handed out.
   */
  connect(
    to: Endpoint,
    options: { readonly timeoutMs: number; readonly localAddress?: string },
    handler: (connection: Connection) => ConnectionHandler,
  ): Promise<Connection>;
}

/** No connection was made. Its message is an outcome's reason, so in its grammar: whereto, and why. */
export class ConnectFailed extends Error {
  override readonly name = "ConnectFailed";
}
