/** Users and passwords: dear to guess, cheap to repeat. */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "#lib/clock";
import type { UserConfig } from "./config.ts";

export type Verification =
  | { readonly kind: "known"; readonly user: UserConfig }
  | { readonly kind: "wrong" }
  /** Not looked at: too many guesses from there, or too many at once. */
  | { readonly kind: "busy" };

export interface Attempt {
  readonly user: string;
  readonly password: string;
  readonly clientAddress: string;
}

export type VerifyPassword = (password: string, hash: string) => Promise<boolean>;

export interface CredentialsPorts {
  readonly clock: Clock;
  /** Default: argon2 of the runtime, off the event loop. */
  readonly verifyPassword?: VerifyPassword;
}

/** An argon2id verification takes some 50 ms and 64 MiB: more at once starve delivery of both. */
const verificationsMax = 2;
/** Waiting for one of those; the last waits some 3 s. */
const waitingMax = 128;
/** Successes remembered: bulk senders reconnect for every message. */
const rememberedMax = 1_000;
/** After this a success is verified anew. */
const rememberedMs = 600_000;
/** Wrong passwords from one address within the window; beyond it none is looked at. */
const failuresMax = 20;
const failureWindowMs = 600_000;
/** Addresses whose failures are counted; the oldest is forgotten first. */
const failingAddressesMax = 10_000;

interface Remembered {
  readonly passwordHash: string;
  readonly until: number;
}

interface Failures {
  count: number;
  readonly until: number;
}

export class Credentials {
  readonly #clock: Clock;
  readonly #verifyPassword: VerifyPassword;
  /** Keys of remembered successes are useless outside this process. */
  readonly #secret = randomBytes(32);
  readonly #remembered = new Map<string, Remembered>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #failures = new Map<string, Failures>();
  readonly #waiting: (() => void)[] = [];
  #users: ReadonlyMap<string, UserConfig>;
  #verifications = 0;

  constructor(users: readonly UserConfig[], ports: CredentialsPorts) {
    this.#users = byName(users);
    this.#clock = ports.clock;
    this.#verifyPassword = ports.verifyPassword ?? Bun.password.verify;
  }

  /** Takes over a changed configuration; what was remembered counts only for an unchanged hash. */
  replace(users: readonly UserConfig[]): void {
    this.#users = byName(users);
  }

  async verify(attempt: Attempt): Promise<Verification> {
    const { user, password, clientAddress } = attempt;
    const known = this.#users.get(user);
    const key = this.#keyOf(user, password);
    if (known !== undefined && this.#isRemembered(key, known))
      return { kind: "known", user: known };
    if (this.#failuresOf(clientAddress) >= failuresMax) return { kind: "busy" };
    // An unknown user takes as long as a wrong password, so that names cannot be told apart.
    const hash = known?.passwordHash ?? this.#anyHash();
    const isRight = hash === undefined ? false : await this.#verifyOnce(key, password, hash);
    if (isRight === undefined) return { kind: "busy" };
    if (!isRight || known === undefined) {
      this.#countFailure(clientAddress);
      return { kind: "wrong" };
    }
    this.#remember(key, known);
    return { kind: "known", user: known };
  }

  #anyHash(): string | undefined {
    for (const user of this.#users.values()) return user.passwordHash;
    return undefined;
  }

  #keyOf(user: string, password: string): string {
    // Not Bun.CryptoHasher: with a key it throws for what went wrong before, a bad certificate say.
    const hmac = createHmac("sha256", this.#secret);
    return hmac.update(`${user.length} ${user}${password}`).digest("base64");
  }

  #isRemembered(key: string, user: UserConfig): boolean {
    const remembered = this.#remembered.get(key);
    if (remembered === undefined) return false;
    return (
      remembered.passwordHash === user.passwordHash && remembered.until > this.#clock.monotonic()
    );
  }

  #remember(key: string, { passwordHash }: UserConfig): void {
    this.#remembered.delete(key);
    evictOldest(this.#remembered, rememberedMax - 1);
    this.#remembered.set(key, { passwordHash, until: this.#clock.monotonic() + rememberedMs });
  }

  /**
   * The same guess from several sessions at once is one verification. Undefined: no room to wait.
   */
  async #verifyOnce(key: string, password: string, hash: string): Promise<boolean | undefined> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#waiting.length >= waitingMax) return undefined;
    const verification = this.#inTurn(() => this.#verifyPassword(password, hash));
    this.#running.set(key, verification);
    try {
      return await verification;
    } finally {
      this.#running.delete(key);
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#verifications < verificationsMax) this.#verifications++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes straight to who waits longest, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#verifications--;
      else next();
    }
  }

  #failuresOf(address: string): number {
    const failures = this.#failures.get(address);
    if (failures === undefined) return 0;
    if (failures.until > this.#clock.monotonic()) return failures.count;
    this.#failures.delete(address);
    return 0;
  }

  #countFailure(address: string): void {
    if (this.#failuresOf(address) === 0) {
      evictOldest(this.#failures, failingAddressesMax - 1);
      const until = this.#clock.monotonic() + failureWindowMs;
      this.#failures.set(address, { count: 1, until });
      return;
    }
    const failures = this.#failures.get(address);
    if (failures !== undefined) failures.count++;
  }
}

function byName(users: readonly UserConfig[]): ReadonlyMap<string, UserConfig> {
  return new Map(users.map((user) => [user.name, user]));
}

/** Maps keep the order of insertion: the first key is the oldest. */
function evictOldest(map: Map<string, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}
