/**
 * Which sockets are ready, asked between two turns of the runtime's own loop, whose timers and
 * channels wait for a millisecond at most.
 */
import { assert } from "#lib/assert";
import type { Libc } from "./libc.ts";

export interface Watched {
  /** What the flags of epoll say. */
  ready(flags: number): void;
}

export const readable = 0x001;
export const writable = 0x004;
/** An error, or both directions are over. */
export const failed = 0x008 | 0x010;

const batchMax = 256;
const waitMs = 1;
/** What arrives in one read. */
const chunkBytes = 262_144;
const viewMax = 8_192;

const add = 1;
const remove = 2;
const change = 3;
const closeOnExec = 0x80000;

/** `struct epoll_event` is packed on x86 only. In words of four octets. */
const layout = process.arch === "x64" ? { stride: 3, data: 1 } : { stride: 4, data: 2 };

export class EpollLoop {
  readonly libc: Libc;
  /** All reads go here. */
  readonly chunk = Buffer.allocUnsafeSlow(chunkBytes);
  /** Most reads are as long as some other. */
  readonly #views: (Buffer | undefined)[] = [];
  readonly #fd: number;
  readonly #event = new Int32Array(layout.stride);
  readonly #events = new Int32Array(layout.stride * batchMax);
  readonly #watched: (Watched | undefined)[] = [];
  /** By which a number that is used again is told from the socket that had it before. */
  readonly #generations: number[] = [];
  #count = 0;
  #isTurning = false;

  constructor(libc: Libc) {
    this.libc = libc;
    this.#fd = libc.epoll_create1(closeOnExec);
    assert(this.#fd >= 0, "the system has a file descriptor for us");
  }

  /** What was read: so many octets, valid until the next read. */
  read(length: number): Buffer {
    if (length > viewMax) return this.chunk.subarray(0, length);
    this.#views[length] ??= this.chunk.subarray(0, length);
    return this.#views[length];
  }

  watch(fd: number, watched: Watched, flags: number): void {
    this.#watched[fd] = watched;
    this.#generations[fd] = ((this.#generations[fd] ?? 0) + 1) | 0;
    this.#count += 1;
    this.#control(add, fd, flags);
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(this.#turn);
  }

  /** What is asked of it from now on; failures are always told. */
  expect(fd: number, flags: number): void {
    this.#control(change, fd, flags);
  }

  forget(fd: number): void {
    this.#control(remove, fd, 0);
    this.#watched[fd] = undefined;
    this.#count -= 1;
  }

  #control(operation: number, fd: number, flags: number): void {
    this.#event[0] = flags;
    this.#event[layout.data] = fd;
    this.#event[layout.data + 1] = this.#generations[fd] ?? 0;
    this.libc.epoll_ctl(this.#fd, operation, fd, this.#event);
  }

  readonly #turn = (): void => {
    const events = this.#events;
    const count = this.libc.epoll_wait(this.#fd, events, batchMax, waitMs);
    for (let i = 0; i < count; i++) {
      const at = i * layout.stride;
      const fd = events[at + layout.data] ?? -1;
      if (this.#generations[fd] !== events[at + layout.data + 1]) continue;
      this.#watched[fd]?.ready(events[at] ?? 0);
    }
    this.#isTurning = this.#count > 0;
    if (this.#isTurning) setImmediate(this.#turn);
  };
}
