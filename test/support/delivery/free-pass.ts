/** Attempts without limits, for tests of what comes of them. */
import type { Clock } from "#lib/clock";
import { acquire, Spent } from "#lib/limits/acquire";
import type { Destination } from "#lib/queue/unit";
import type { ConnectionLimits, Pass } from "../../../services/delivery/attempt/pass.ts";
import { Sources } from "../../../services/delivery/egress/sources.ts";
import { shard } from "../records.ts";
import { plainShaping } from "./plain-shaping.ts";

export const unlimited: ConnectionLimits = {
  acquire: (bound, demand) => acquire(bound, demand, 0),
  release: (permit) => void permit.release(0),
  rebind: (permit, bound) => void permit.rebind(bound, 0),
  excess: (permit) => permit.isExcess(0),
  waitingFor: () => 0,
};

export function noSources(clock: Clock): Sources {
  return new Sources({
    clock,
    config: { sources: [], pools: [] },
    isAvoided: () => false,
    avoidance: () => 0,
  });
}

export const nothingSkipped = { isSkipped: () => false };

export function freePass(destination: Destination, more: Partial<Pass["path"]> = {}): Pass {
  const madeOf = plainShaping();
  const path = {
    site: { key: destination, provider: undefined },
    subject: { destination },
    settings: madeOf.pathFor({ destination }),
    bound: [],
    connectionKey: destination,
    messagesPerConnection: 1_000,
    recipientsPerTransaction: Number.POSITIVE_INFINITY,
    shard: shard(0),
    madeOf,
    generation: 0,
    ...more,
  };
  return { path, session: undefined, permit: undefined, spent: new Spent() };
}
