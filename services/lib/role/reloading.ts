/**
 * What a running Godwit takes over from a changed file, and what it can only take at its next
 * start.
 */
import { isDeepStrictEqual } from "node:util";
import type { Config } from "#lib/config/config";

/** Wired at the start: the queue, the workers and the sockets stand on them. */
const wiredKeys = [
  "hostname",
  "data",
  "shards",
  "edgeThreads",
  "dns",
  "delivery",
  "suppression",
  "control",
  "log",
  "events",
  "nats",
  "cassandra",
] as const;

export interface Reloaded {
  /** The new one, but for what stays as it was. */
  readonly config: Config;
  /** Keys that are other in the file now, and need a restart. */
  readonly restartKeys: readonly string[];
}

export function reloaded(running: Config, next: Config): Reloaded {
  const { sources, pools } = next.delivery;
  // From where mail goes out is asked for at each connection.
  const before: Config = { ...running, delivery: { ...running.delivery, sources, pools } };
  const stays = Object.fromEntries(wiredKeys.map((key) => [key, before[key]]));
  return {
    config: { ...next, ...stays },
    restartKeys: wiredKeys.filter((key) => !isDeepStrictEqual(before[key], next[key])),
  };
}
