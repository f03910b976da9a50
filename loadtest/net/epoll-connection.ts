/** A connection on a socket of the system's. In clear only. */
import type { Deadlines, HasDeadline } from "#lib/deadlines";
import type { Connection, ConnectionHandler, Endpoint, TlsInfo } from "#lib/net/transport";
import { type EpollLoop, failed, readable, type Watched, writable } from "./epoll-loop.ts";
import { localOf, noSignal, reset, sendAtOnce, shutWrite, socketFault } from "./libc.ts";

/** What all connections of a transport have in common. */
export interface Shared {
  readonly loop: EpollLoop;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
}

/** A peer that never closes after us must not keep the socket for ever. */
const lingerMs = 30_000;

export class EpollConnection implements Connection, Watched, HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #shared: Shared;
  readonly #fd: number;
  #handler: ConnectionHandler | undefined;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #flags = readable;
  #isPaused = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #isClosed = false;
  #error: Error | undefined;

  constructor(fd: number, shared: Shared, remote: Endpoint) {
    this.#fd = fd;
    this.#shared = shared;
    this.remote = remote;
    this.local = localOf(shared.loop.libc, fd);
    sendAtOnce(shared.loop.libc, fd);
  }

  attach(accept: (connection: Connection) => ConnectionHandler): void {
    this.#shared.loop.watch(this.#fd, this, this.#flags);
    try {
      this.#handler = accept(this);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isClosed) this.#tellClosed();
  }

  write(bytes: Uint8Array): number {
    if (this.#isClosed || this.#hasEnded || bytes.length === 0) return this.#unsentBytes;
    if (this.#unsentBytes > 0) this.#keep(bytes);
    else {
      const taken = this.#send(bytes);
      if (taken < bytes.length) this.#keep(bytes.subarray(taken));
    }
    return this.#unsentBytes;
  }

  pause(): void {
    this.#isPaused = true;
    this.#expect();
  }

  resume(): void {
    this.#isPaused = false;
    this.#expect();
  }

  async serveTls(): Promise<TlsInfo> {
    const why = this.#isClosed ? "the connection is closed" : "this transport is in clear only";
    throw new Error(`Cannot start TLS: ${why}`);
  }

  startTls(): Promise<TlsInfo> {
    return this.serveTls();
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#unsentBytes === 0) this.#shutdown();
  }

  destroy(): void {
    this.#close("reset");
  }

  expired(): void {
    this.#close("reset");
  }

  ready(flags: number): void {
    try {
      if ((flags & writable) !== 0) this.#drain();
      if ((flags & (readable | failed)) !== 0) this.#read((flags & failed) !== 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(hasFailed: boolean): void {
    if (this.#isClosed || (this.#isPaused && !hasFailed)) return;
    const { libc, chunk } = this.#shared.loop;
    const length = libc.recv(this.#fd, chunk, chunk.length, 0);
    if (length > 0) this.#handler?.data(this.#shared.loop.read(length));
    else if (length === 0) this.#peerEnded(hasFailed);
    else if (hasFailed) {
      const code = socketFault(libc, this.#fd) ?? "ECONNRESET";
      this.#error = new Error(`the connection failed: ${code}`);
      this.#close("orderly");
    }
  }

  #peerEnded(hasFailed: boolean): void {
    const isNew = !this.#hasPeerEnded;
    this.#hasPeerEnded = true;
    this.#expect();
    if (this.#hasEnded || hasFailed) {
      if (this.#unsentBytes === 0 || hasFailed) this.#close("orderly");
    } else if (isNew && this.#handler?.ended) this.#handler.ended();
    else if (isNew) this.end();
  }

  #send(bytes: Uint8Array): number {
    const { libc } = this.#shared.loop;
    // What the kernel does not take now it takes when it says so; what is broken is told as such.
    return Math.max(0, libc.send(this.#fd, bytes, bytes.length, noSignal));
  }

  #keep(bytes: Uint8Array): void {
    // Not slice(), which of a Buffer is no copy.
    this.#unsent.push(new Uint8Array(bytes));
    this.#unsentBytes += bytes.length;
    this.#expect();
  }

  #drain(): void {
    if (this.#isClosed || this.#unsentBytes === 0) return;
    for (let piece = this.#unsent.shift(); piece !== undefined; piece = this.#unsent.shift()) {
      const taken = this.#send(piece);
      this.#unsentBytes -= taken;
      if (taken < piece.length) {
        this.#unsent.unshift(piece.subarray(taken));
        return;
      }
    }
    this.#expect();
    if (this.#hasEnded) this.#shutdown();
    else this.#handler?.drained?.();
  }

  /** Tells the loop what is of interest now. */
  #expect(): void {
    if (this.#isClosed) return;
    const reads = this.#isPaused || this.#hasPeerEnded ? 0 : readable;
    const flags = reads | (this.#unsentBytes > 0 ? writable : 0);
    if (flags === this.#flags) return;
    this.#flags = flags;
    this.#shared.loop.expect(this.#fd, flags);
  }

  #shutdown(): void {
    if (this.#hasPeerEnded) {
      this.#close("orderly");
      return;
    }
    this.#shared.loop.libc.shutdown(this.#fd, shutWrite);
    this.deadline = this.#shared.monotonic() + lingerMs;
    this.#shared.deadlines.watch(this);
  }

  #fail(cause: unknown): void {
    this.#error ??= new Error("Cannot go on with the connection: its owner failed", { cause });
    this.#close("reset");
  }

  #close(how: "orderly" | "reset"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    const { loop, deadlines } = this.#shared;
    if (this.deadline !== Number.POSITIVE_INFINITY) deadlines.forget(this);
    loop.forget(this.#fd);
    if (how === "reset") reset(loop.libc, this.#fd);
    else loop.libc.close(this.#fd);
    if (this.#handler) this.#tellClosed();
  }

  /** Later: whoever calls destroy() is not called back within. */
  #tellClosed(): void {
    queueMicrotask(() => this.#handler?.closed(this.#error));
  }
}
