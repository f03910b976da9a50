/** Worlds of two workers that are killed and paused in the middle of their calls, again and again: for bugs that need just that. */
import { seededRandom } from "#lib/random";
import { Draw } from "../world/draw.ts";
import { drawCall, drawWorld } from "../world/drawn-world.ts";
import type { WorldPlan } from "../world/world-plan.ts";

const second = 1_000;
const troubles = 12;

/** `operation`: they are stopped at nothing else. */
export function harshWorld(seed: number, operation?: string): WorldPlan {
  const random = seededRandom(seed);
  const plan = drawWorld(seed, random);
  const draw = new Draw(random);
  const faultsEndAtMs = 240 * second;
  const workers = ["worker1", "worker2"];
  const storm = { kind: "storm", share: 0.3 } as const;
  const windows = [{ fromMs: 0, untilMs: faultsEndAtMs, mood: storm }];
  return {
    ...plan,
    shards: draw.between(1, 2),
    workers,
    rates: { late: 0.3, refused: 0.05, lost: 0.05, straggles: 0.05, again: 0.05 },
    lateMsMax: 500,
    lifetimeMs: 900 * second,
    hosts: plan.hosts.map((host) => ({ ...host, windows })),
    incidents: Array.from({ length: troubles }, () => {
      const incident = trouble(draw, workers, faultsEndAtMs);
      return operation === undefined ? incident : { ...incident, operation, calls: 1 };
    }),
    faultsEndAtMs,
  };
}

function trouble(draw: Draw, workers: readonly string[], endMs: number) {
  return {
    kind: "atCall" as const,
    what: draw.pick(["kill", "pause"] as const),
    atMs: draw.below(endMs),
    process: draw.pick(workers),
    ...drawCall(draw),
    forMs: draw.pick([5, 40, 70]) * second,
  };
}
