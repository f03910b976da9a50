/** What keeps a destination's mail back, as an operator sees it. */
import { limitText } from "#lib/limits/limit-text";
import type { WaitSummary } from "#proto/operator/destination-summary";
import type { Wait } from "../destination/admission.ts";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Lane, LaneOf } from "../destination/ready-queue.ts";

/** Lanes are as many as submitters name campaigns: those that keep back most. */
const waitsMax = 20;

/** Both clocks, now. */
export interface Now {
  readonly wall: number;
  readonly monotonic: number;
}

export function waitsOf(queue: DestinationQueue, now: Now): readonly WaitSummary[] {
  const waits: WaitSummary[] = [];
  for (const lane of queue.lanes) {
    const wait = lane.units.length === 0 ? undefined : waitOf(lane, now);
    if (wait !== undefined) waits.push(wait);
  }
  return waits.toSorted((a, b) => b.ready - a.ready).slice(0, waitsMax);
}

/** Undefined: nothing keeps it back. */
export function waitOf(lane: Lane, now: Now): WaitSummary | undefined {
  const { of, wait } = lane;
  if (wait === undefined) return undefined;
  return { ...whoseOf(of), ...reasonOf(wait), ...timesOf(lane, wait, now) };
}

function whoseOf({ tenant, campaign, source }: LaneOf) {
  return {
    ...(tenant === "" ? {} : { tenant }),
    ...(campaign === "" ? {} : { campaign }),
    ...(source === "" ? {} : { source }),
  };
}

function reasonOf({ by }: Wait) {
  if ("source" in by) {
    const { source: name, reason: value } = by;
    return { kind: "source", name, value, scope: [], provenance: "delivery.sources" };
  }
  if ("rule" in by) {
    const { rule: name, sample: value, scope, provenance } = by;
    return { kind: "hold", name, value, scope: Object.keys(scope), provenance };
  }
  const { kind, name, scope, provenance } = by.limit;
  return { kind, name, value: limitText(by.limit), scope, provenance };
}

function timesOf({ units }: Lane, { since, until }: Wait, now: Now) {
  const times = { ready: units.length, since };
  if (until === Number.POSITIVE_INFINITY) return times;
  return { ...times, until: Math.round(now.wall + Math.max(0, until - now.monotonic)) };
}
