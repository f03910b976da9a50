/** How much of the edge is taken, and whether there is room for more. */
import type { EdgeLimits } from "./config.ts";
import type { EdgeMetrics } from "./metrics.ts";

export class Load {
  readonly #limits: EdgeLimits;
  readonly #metrics: EdgeMetrics;
  readonly #sessionsByAddress = new Map<string, number>();
  #sessions = 0;
  #contentBytes = 0;

  constructor(limits: EdgeLimits, metrics: EdgeMetrics) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  get sessions(): number {
    return this.#sessions;
  }

  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** The silence a session is allowed now. */
  get idleMs(): number {
    const { sessionsMax, stressedShare, idleMs, stressedIdleMs } = this.#limits;
    return this.#sessions > sessionsMax * stressedShare ? stressedIdleMs : idleMs;
  }

  /** Takes a place for a session, or says which limit forbids it. */
  open(address: string): "opened" | "sessions" | "address" {
    if (this.#sessions >= this.#limits.sessionsMax) return "sessions";
    const fromAddress = this.#sessionsByAddress.get(address) ?? 0;
    if (fromAddress >= this.#limits.sessionsPerAddressMax) return "address";
    this.#sessions++;
    this.#sessionsByAddress.set(address, fromAddress + 1);
    return "opened";
  }

  close(address: string): void {
    this.#sessions--;
    const fromAddress = this.#sessionsByAddress.get(address) ?? 0;
    if (fromAddress > 1) this.#sessionsByAddress.set(address, fromAddress - 1);
    else this.#sessionsByAddress.delete(address);
  }

  /** Whether a message of this size may begin; 0 when it was not declared. */
  hasRoomFor(sizeBytes: number): boolean {
    return this.#contentBytes + sizeBytes < this.#limits.contentBytesMax;
  }

  /** More is held than may be: undeclared content grew beyond the limit. */
  get isOverfull(): boolean {
    return this.#contentBytes > this.#limits.contentBytesMax;
  }

  /** A session holds `delta` bytes of content more, or less. */
  hold(delta: number): void {
    if (delta === 0) return;
    this.#contentBytes += delta;
    this.#metrics.contentBytesHeld(this.#contentBytes);
  }
}
