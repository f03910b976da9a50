/** A mail server that is measured: it relays what it is given to a sink, durably. */
import type { Endpoint } from "#lib/net/transport";

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

export interface Running {
  readonly endpoint: Endpoint;
  /** Its processes by what they do, the first of each tree; none: there is nothing to be measured. */
  roles(): Roles;
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
  /** Rows that were written since it started, by table, where there is a database. */
  storeWrites?(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export function pidsOf(running: Running): readonly number[] {
  return Object.values(running.roles()).flat();
}

export interface Contestant {
  readonly name: string;
  /** Idle sessions that it can be asked to hold: a process for each needs memory. */
  readonly idleMax: number;
  /** Why it cannot take part; undefined when it can. */
  missing(): Promise<string | undefined>;
  start(destinations: Destinations): Promise<Running>;
}
