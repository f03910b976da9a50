/** The memory inhabitant of IdempotencyKeys. Views share its keys and differ in their faults. */
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import { type Claim, judge, keyKeptMs } from "./claim.ts";
import {
  type Beginning,
  type IdempotencyKeys,
  IdempotencyUnavailable,
  mustFit,
} from "./idempotency.ts";

export interface MemoryIdempotencyKeysOptions {
  readonly clock: Clock;
  readonly faults?: Faults;
  /** For how long the intake beside it knows an id. */
  readonly knownMs?: number;
  readonly keysMax?: number;
}

const defaultKnownMs = 10 * 60_000;
const defaultKeysMax = 100_000;

export class MemoryIdempotencyKeys implements IdempotencyKeys {
  readonly messagesAreRepeatable = false;
  readonly #options: MemoryIdempotencyKeysOptions;
  /** The one that was written longest ago comes first. */
  readonly #claims: Map<string, Claim>;

  constructor(options: MemoryIdempotencyKeysOptions, claims = new Map<string, Claim>()) {
    this.#options = options;
    this.#claims = claims;
  }

  /** The same keys as another process sees them. */
  view(options: MemoryIdempotencyKeysOptions): MemoryIdempotencyKeys {
    return new MemoryIdempotencyKeys(options, this.#claims);
  }

  begin(tenant: string, key: string, fingerprint: Uint8Array, uid: string): Promise<Beginning> {
    const { clock, knownMs = defaultKnownMs } = this.#options;
    return this.#at("begin", () => {
      const name = nameOf(tenant, key);
      const now = clock.now();
      const { beginning, next } = judge(
        this.#claims.get(name),
        { fingerprint, uid },
        { now, knownMs },
      );
      if (beginning.kind === "new") this.#mustHaveRoom(name);
      if (next !== undefined) this.#put(name, next);
      return beginning;
    });
  }

  finish(tenant: string, key: string, answer: Uint8Array): Promise<void> {
    mustFit(answer);
    return this.#at("finish", () => {
      const name = nameOf(tenant, key);
      const standing = this.#claims.get(name);
      if (standing?.kind !== "begun") return;
      const { fingerprint } = standing;
      const writtenAt = this.#options.clock.now();
      this.#put(name, { kind: "finished", fingerprint, answer, writtenAt });
    });
  }

  release(tenant: string, key: string, partial: Uint8Array): Promise<void> {
    mustFit(partial);
    return this.#at("release", () => {
      const name = nameOf(tenant, key);
      const standing = this.#claims.get(name);
      if (standing?.kind !== "begun") return;
      const writtenAt = this.#options.clock.now();
      this.#put(name, { ...standing, partial, writtenAt, isReleased: true });
    });
  }

  #put(name: string, claim: Claim): void {
    this.#claims.delete(name);
    this.#claims.set(name, claim);
  }

  /** @throws {IdempotencyUnavailable} */
  #mustHaveRoom(name: string): void {
    const { clock, keysMax = defaultKeysMax } = this.#options;
    for (const [old, { writtenAt }] of this.#claims) {
      if (clock.now() - writtenAt < keyKeptMs) break;
      this.#claims.delete(old);
    }
    if (this.#claims.size < keysMax || this.#claims.has(name)) return;
    throw new IdempotencyUnavailable(`Cannot keep another key: there are ${keysMax}`);
  }

  #at<T>(operation: string, act: () => T): Promise<T> {
    return betweenFaults(this.#options.faults, { seam: "idempotency", operation }, act);
  }
}

function nameOf(tenant: string, key: string): string {
  return JSON.stringify([tenant, key]);
}
