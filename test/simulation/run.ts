/** Runs a world to its end, and says how it went. */

import { seededRandom } from "#lib/random";
import { NeverHappened } from "#lib/virtual-clock";
import { nothingPlanted, type Plant } from "./plants/plant.ts";
import { Calendar } from "./world/calendar.ts";
import { drawWorld } from "./world/drawn-world.ts";
import { World } from "./world/world.ts";
import type { WorldPlan } from "./world/world-plan.ts";

export type Verdict =
  | { readonly kind: "passed" }
  /** An assertion, an exception, an unhandled rejection. */
  | { readonly kind: "crash"; readonly text: string; readonly about: readonly string[] }
  /** Something happened that must not. */
  | { readonly kind: "safety"; readonly text: string; readonly about: readonly string[] }
  /** Something did not happen that must. */
  | { readonly kind: "liveness"; readonly text: string; readonly about: readonly string[] };

export interface Finished {
  readonly verdict: Verdict;
  readonly world: World;
}

/** After the faults: two lifetimes (a message's and its notification's) and then some. */
const livenessMs = 3_600_000;

export function runSeed(seed: number, plant?: Plant): Promise<Finished> {
  return runPlan(drawWorld(seed, seededRandom(seed)), () => {}, plant);
}

/** `direct` may set things going once everything runs; `plant` puts a bug in. */
export async function runPlan(
  plan: WorldPlan,
  direct: (world: World) => void = () => {},
  plant: Plant = nothingPlanted,
): Promise<Finished> {
  const world = new World(plan, plant);
  const calendar = new Calendar(world);
  const { clock } = world;
  const isBroken = () => world.witness.breaches.first !== undefined || world.crashes.length > 0;
  const isOver = () => isBroken() || clock.monotonic() >= plan.faultsEndAtMs;
  const rejected = (reason: unknown) => world.crashes.push(`unhandled rejection: ${reason}`);
  process.on("unhandledRejection", rejected);
  try {
    await world.start();
    calendar.plan(plan.incidents);
    direct(world);
    clock.after(plan.faultsEndAtMs, () => calendar.heal());
    await clock.runUntil(isOver);
    await clock.runUntil(() => isBroken() || world.isEmpty, { withinMs: livenessMs });
    return { world, verdict: verdictOf(world) };
  } catch (error) {
    if (!(error instanceof NeverHappened)) world.crashes.push(describe(error));
    return { world, verdict: verdictOf(world) };
  } finally {
    process.off("unhandledRejection", rejected);
    calendar.end();
  }
}

function verdictOf(world: World): Verdict {
  const [crash] = world.crashes;
  if (crash !== undefined) return { kind: "crash", text: crash, about: [] };
  const { breaches, ends } = world.witness;
  if (breaches.first !== undefined) {
    const { rule, text, about } = breaches.first;
    return { kind: "safety", text: `${rule}: ${text}`, about };
  }
  if (world.isEmpty) return { kind: "passed" };
  const paths = ends.withoutEnd.map(({ path }) => path);
  const uids = world.leftovers.flatMap((text) => text.match(/[0-9A-Z]{26}/g) ?? []);
  const text = [...world.leftovers, ...paths.map((path) => `${path} has no end`)].join("; ");
  return { kind: "liveness", text, about: [...uids, ...paths] };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
