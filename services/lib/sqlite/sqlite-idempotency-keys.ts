/** The embedded inhabitant of IdempotencyKeys: there is but one edge, and one clock. */
import type { Clock } from "#lib/clock";
import {
  type Beginning,
  type IdempotencyKeys,
  IdempotencyUnavailable,
  mustFit,
} from "#lib/idempotency/idempotency";
import { keyHash } from "#lib/idempotency/key-hash";
import type { QueueThread } from "./queue-thread.ts";

export class SqliteIdempotencyKeys implements IdempotencyKeys {
  /** Then an id is known for a day; else for as long as the process lives. */
  readonly messagesAreRepeatable = true;
  readonly #thread: QueueThread;
  readonly #clock: Clock;

  constructor(thread: QueueThread, clock: Clock) {
    this.#thread = thread;
    this.#clock = clock;
  }

  async begin(
    tenant: string,
    key: string,
    fingerprint: Uint8Array,
    uid: string,
  ): Promise<Beginning> {
    const claimant = { fingerprint, uid };
    return await known(this.#thread.call("beginKey", { ...this.#place(tenant, key), claimant }));
  }

  async finish(tenant: string, key: string, answer: Uint8Array): Promise<void> {
    mustFit(answer);
    const place = this.#place(tenant, key);
    await known(this.#thread.call("finishKey", { ...place, content: answer }));
  }

  async release(tenant: string, key: string, partial: Uint8Array): Promise<void> {
    mustFit(partial);
    const place = this.#place(tenant, key);
    await known(this.#thread.call("releaseKey", { ...place, content: partial }));
  }

  #place(tenant: string, key: string) {
    return { name: new Uint8Array(keyHash(tenant, key)), now: this.#clock.now() };
  }
}

async function known<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new IdempotencyUnavailable(`Cannot use the keys: ${reason}`, { cause });
  }
}
