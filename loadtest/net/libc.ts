/**
 * The system's own calls for TCP over IPv4, for a generator that must cost less than what it
 * measures: no copy, no object and no promise for a read or a write. Linux with glibc.
 */
import { dlopen, read } from "bun:ffi";
import { getSystemErrorName } from "node:util";
import type { Endpoint } from "#lib/net/transport";

const library = "libc.so.6";

const calls = {
  socket: { args: ["int", "int", "int"], returns: "int" },
  bind: { args: ["int", "buffer", "u32"], returns: "int" },
  listen: { args: ["int", "int"], returns: "int" },
  accept4: { args: ["int", "buffer", "buffer", "int"], returns: "int" },
  connect: { args: ["int", "buffer", "u32"], returns: "int" },
  getsockname: { args: ["int", "buffer", "buffer"], returns: "int" },
  getsockopt: { args: ["int", "int", "int", "buffer", "buffer"], returns: "int" },
  setsockopt: { args: ["int", "int", "int", "buffer", "u32"], returns: "int" },
  recv: { args: ["int", "buffer", "u64", "int"], returns: "int" },
  send: { args: ["int", "buffer", "u64", "int"], returns: "int" },
  shutdown: { args: ["int", "int"], returns: "int" },
  close: { args: ["int"], returns: "int" },
  __errno_location: { args: [], returns: "ptr" },
  epoll_create1: { args: ["int"], returns: "int" },
  epoll_ctl: { args: ["int", "int", "int", "buffer"], returns: "int" },
  epoll_wait: { args: ["int", "buffer", "int", "int"], returns: "int" },
} as const;

export type Libc = ReturnType<typeof dlopen<typeof calls>>["symbols"];

/** Undefined where there is none that is known: another system, another library. */
export function loadLibc(): Libc | undefined {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) return undefined;
  try {
    return dlopen(library, calls).symbols;
  } catch (error) {
    // Alpine's has another name, and is not tried.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export const afInet = 2;
/** SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC. */
export const streamSocket = 1 | 0x800 | 0x80000;
export const acceptedSocket = 0x800 | 0x80000;
export const noSignal = 0x4000;
export const shutWrite = 1;
export const addressBytes = 16;

const solSocket = 1;
const soReuseAddress = 2;
const soError = 4;
const soLinger = 13;
const soReusePort = 15;
const ipprotoTcp = 6;
const tcpNoDelay = 1;
const one = Int32Array.of(1);
/** `struct linger`: closing takes no time. */
const noLinger = Int32Array.of(1, 0);

/** `struct sockaddr_in`. Undefined for what is no IPv4 address. */
export function addressOf({ address, port }: Endpoint): Uint8Array | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (parts === undefined || parts.some((it) => it > 255)) return undefined;
  const bytes = new Uint8Array(addressBytes);
  new DataView(bytes.buffer).setUint16(0, afInet, true);
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(parts, 4);
  return bytes;
}

export function endpointOf(address: Uint8Array): Endpoint {
  const port = (address[2] ?? 0) * 256 + (address[3] ?? 0);
  return { address: address.subarray(4, 8).join("."), port };
}

export function localOf(libc: Libc, fd: number): Endpoint {
  const bytes = new Uint8Array(addressBytes);
  libc.getsockname(fd, bytes, Int32Array.of(addressBytes));
  return endpointOf(bytes);
}

/** A reply is sent when it is said. */
export function sendAtOnce(libc: Libc, fd: number): void {
  libc.setsockopt(fd, ipprotoTcp, tcpNoDelay, one, 4);
}

/** An address that was just in use may be had again; with others, where they ask for it, too. */
export function reuse(libc: Libc, fd: number, port: "own" | "shared"): void {
  libc.setsockopt(fd, solSocket, soReuseAddress, one, 4);
  if (port === "shared") libc.setsockopt(fd, solSocket, soReusePort, one, 4);
}

/** Closes at once, which the peer is told as a reset. */
export function reset(libc: Libc, fd: number): void {
  libc.setsockopt(fd, solSocket, soLinger, noLinger, 8);
  libc.close(fd);
}

/** Why the last call failed; only right behind it, since the runtime makes calls, too. */
export function lastFault(libc: Libc): string {
  const at = libc.__errno_location();
  const code = typeof at === "number" ? read.i32(at) : 0;
  return code > 0 ? getSystemErrorName(-code) : "unknown";
}

/** What has gone wrong with a socket, by the system's name; undefined: nothing. */
export function socketFault(libc: Libc, fd: number): string | undefined {
  const value = Int32Array.of(0);
  libc.getsockopt(fd, solSocket, soError, value, Int32Array.of(4));
  const code = value[0] ?? 0;
  return code === 0 ? undefined : getSystemErrorName(-code);
}
