/** A world without drawn faults, for scenarios that bring their own. */
import { expect } from "bun:test";
import type { PathText } from "#lib/smtp/path";
import { noRates } from "./process/drawn-faults.ts";
import { reportOf } from "./report.ts";
import { runPlan } from "./run.ts";
import type { Mood } from "./world/mood.ts";
import type { Submission } from "./world/submitter.ts";
import type { World } from "./world/world.ts";
import type { WorldPlan } from "./world/world-plan.ts";

export const second = 1_000;
const hour = 3_600 * second;

/** One edge, one worker, and two destinations with one host each. */
export const quiet: WorldPlan = {
  seed: 0,
  shards: 2,
  edges: ["edge1"],
  workers: ["worker1"],
  sessionsPerDestinationMax: 3,
  readyUnitsMax: 5_000,
  lifetimeMs: 2 * hour,
  delayNotificationMs: 0,
  split: "byWorkers",
  logBytesMax: 10_000_000,
  latencyMs: 5,
  dnsLatencyMs: 5,
  rates: noRates,
  lateMsMax: 1,
  destinations: [
    { domain: "dest1.example", hosts: ["mx1.example"] },
    { domain: "dest2.example", hosts: ["mx2.example"] },
  ],
  hosts: [
    { name: "mx1.example", address: "10.0.2.1", windows: [] },
    { name: "mx2.example", address: "10.0.2.2", windows: [] },
  ],
  submissions: [],
  incidents: [],
  faultsEndAtMs: 100 * second,
};

/** Runs the scenario to its end; whatever it does, all rules must hold. */
export async function play(
  plan: Partial<WorldPlan>,
  direct?: (world: World) => void,
): Promise<World> {
  const finished = await runPlan({ ...quiet, ...plan }, direct);
  expect(reportOf(finished, 60)).toBe("");
  return finished.world;
}

/** One message to one recipient. */
export function mail(to: string, atS: number, from = "sender@dest2.example"): Submission {
  return {
    name: `${to.replace(/\W/g, "-")}-${atS}`,
    atMs: atS * second,
    reversePath: from as PathText,
    recipients: [{ path: to as PathText }],
    bodyLines: 3,
  };
}

/** `count` messages, one after the other. */
export function mails(count: number, atS: number, everyS: number): readonly Submission[] {
  return Array.from({ length: count }, (_, n) => {
    return mail(`user${n}@dest${1 + (n % 2)}.example`, atS + n * everyS);
  });
}

/** The first destination's host behaves like this for a while. */
export function moody(mood: Mood, fromS: number, untilS: number): Pick<WorldPlan, "hosts"> {
  const [first, ...others] = quiet.hosts;
  if (first === undefined) throw new Error("Cannot change a host: there is none");
  const window = { fromMs: fromS * second, untilMs: untilS * second, mood };
  return { hosts: [{ ...first, windows: [window] }, ...others] };
}

/** How many copies the recipient has. */
export function copiesOf(world: World, path: string): number {
  return [...world.witness.ledger.units.values()].reduce(
    (sum, { recipients }) => sum + (recipients.get(path)?.copies.length ?? 0),
    0,
  );
}

/** Times, in seconds, of the events that say all of `words`. */
export function timesOf(world: World, ...words: readonly string[]): readonly number[] {
  return world.trail
    .last(Number.MAX_SAFE_INTEGER)
    .filter((event) => words.every((word) => event.includes(word)))
    .map((event) => Number.parseFloat(event));
}
