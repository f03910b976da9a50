/**
 * What a run prints: when it failed the verdict, the one command that replays it, the world, the
 * last events concerned.
 */
import type { Finished } from "./run.ts";

/** `flags`: what else the command needs to draw the same world. */
export function reportOf(
  { verdict, world }: Finished,
  eventsMax: number,
  flags: readonly string[] = [],
): string {
  if (verdict.kind === "passed") return "";
  const { seed } = world.plan;
  const concerned = world.trail.last(eventsMax, verdict.about);
  const events = concerned.length > 0 ? concerned : world.trail.last(eventsMax);
  return [
    `${verdict.kind}: ${verdict.text}`,
    `replay: npm run sim -- ${["--seed", seed, ...flags, "--events"].join(" ")}`,
    `world: ${JSON.stringify(world.plan)}`,
    `events (seconds since the start):`,
    ...events,
    "",
  ].join("\n");
}

/** Of all seeds that were asked for. */
export function passedText({ from, count }: { from: number; count: number }): string {
  if (count === 1) return `1 world, seed ${from}: all is well`;
  return `${count} worlds, from seed ${from} on: all is well`;
}
