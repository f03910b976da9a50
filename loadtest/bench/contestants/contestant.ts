/** A mail server that is measured: it relays what it is given to a sink, durably. */
import type { Endpoint, TlsIdentity } from "#lib/net/transport";

/** What it is told of the world: two domains, and where their mail goes. */
export interface Destinations {
  /** A sink that takes everything for `domains.up`. */
  readonly up: Endpoint;
  /** Where nobody listens, for `domains.down` and all below it. */
  readonly down: Endpoint;
}

export const domains = { up: "up.example", down: "down.example" } as const;

/** Process ids by role. */
export type Roles = Readonly<Record<string, readonly number[]>>;

export interface Stored {
  readonly name: string;
  readonly unit: "MiB" | "";
  readonly value: number;
  /** A change below this is noise. */
  readonly slack: number;
  /** Why it is to grow: `72 h`. */
  readonly kept?: string;
}

export interface Running {
  readonly endpoint: Endpoint;
  /** Its processes by what they do, the first of each tree; none: there is nothing to be measured. */
  roles(): Roles;
  /**
   * User and system of all that ever ran of it, where its processes alone do not tell; else that of
   * their tree is taken.
   */
  cpuSeconds?(): number | undefined;
  /** What it has logged, for whoever must find out what went wrong. */
  log(): Promise<string>;
  /**
   * Ends it, kindly or not, and starts it with the same queue. Resolves to the milliseconds until
   * it is ready.
   */
  restart?(signal: "SIGTERM" | "SIGKILL"): Promise<number>;
  /**
   * Kills what delivers and starts it again. Resolves, when all goes on, to the milliseconds of the
   * longest takeover: from a shard's claim to its first attempt.
   */
  takeover?(): Promise<number>;
  /** Resolves when nothing that it accepted is unread; what waits is where it waits. */
  caughtUp?(): Promise<void>;
  /** What it keeps on disk or in streams, for whoever watches whether it grows. */
  stored?(): Promise<readonly Stored[]>;
  /** What was logged so far is forgotten: in hours it fills a disk. */
  emptyLog?(): Promise<void>;
  /** Rows that were written since it started, by table, where there is a database. */
  storeWrites?(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export function pidsOf(running: Running): readonly number[] {
  return Object.values(running.roles()).flat();
}

/**
 * Whether a message with a 250 is still there after a loss of power; `unknown`: nobody has said.
 */
export type Durability = "synced" | "none" | "unknown";

export interface Contestant {
  readonly name: string;
  /** Ratios are made of those that are synced; of the others they would be of different work. */
  readonly durability: Durability;
  /** Idle sessions that it can be asked to hold: a process for each needs memory. */
  readonly idleMax: number;
  /** Of the messages of a run: what takes half a minute for some thousands gets fewer. */
  readonly share: number;
  /** What compiles as it runs, or fills a pool of processes, is at its pace after so many. */
  readonly warmUpMessages: number;
  /** Between two connections of the source; undefined: all at once. */
  readonly connectEveryMs?: number;
  /** Why it cannot take part; undefined when it can. */
  missing(): Promise<string | undefined>;
  version(): Promise<string>;
  /** With an identity it offers STARTTLS. */
  start(destinations: Destinations, identity?: TlsIdentity): Promise<Running>;
}

/**
 * The sink has no TLS, so that all deliver in clear. OpenSMTPD 6.8 with OpenSSL 3 ends each handshake
 * with an error of its own, whatever the key.
 */
export function offersTls(name: string): boolean {
  return name !== "ceiling" && name !== "opensmtpd";
}

/** Of a server that compiles as it runs; of one that does not; of one that takes its time. */
export const warmUp = { compiledLate: 10_000, compiled: 2_000, slow: 500 } as const;
