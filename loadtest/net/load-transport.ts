/**
 * The cheapest way to carry load, for processes that do nothing else: who shares his loop with
 * somebody at the other end takes the runtime's sockets, for one of the two would wait for the other.
 */
import { isIPv4 } from "node:net";
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import type { Transport } from "#lib/net/transport";
import { epollTransport } from "./epoll-transport.ts";

let inClear: Transport | undefined;

/** `carries`: whether there is TLS. `address`: where it goes to, or listens. */
export function loadTransport(carries: "clear" | "tls", address = "127.0.0.1"): Transport {
  if (carries === "tls" || !isIPv4(address)) return bunTransport(systemClock);
  // One loop waits for all of its sockets; two would wait for each other.
  inClear ??= epollTransport(systemClock) ?? bunTransport(systemClock);
  return inClear;
}
