/** Seam: one query to one name server, and what comes back. */
import type { Endpoint } from "../net/transport.ts";

export type Exchanged =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** Timeout, refused connection, no route. */
  | { readonly ok: false; readonly reason: string };

export interface Waiting {
  readonly timeoutMs: number;
  /** Datagrams that it does not take are left out: anybody can send one. */
  isAnswer(bytes: Uint8Array): boolean;
}

/**
 * Never rejects. Each UDP query has a source port of its own, which is hard to guess (RFC 5452
 * §9.2).
 */
export interface Exchange {
  udp(server: Endpoint, query: Uint8Array, waiting: Waiting): Promise<Exchanged>;
  tcp(server: Endpoint, query: Uint8Array, waiting: Waiting): Promise<Exchanged>;
}
