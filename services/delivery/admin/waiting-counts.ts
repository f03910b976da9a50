/**
 * How much waits, by what it waits for and at which provider. Asked at each scrape: it goes through
 * the destinations in memory and those with mail in the retry wheel, not through their mail.
 */
import type { Destination } from "#lib/queue/unit";
import type { WaitReason } from "#proto/operator/standing";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { providerLabel } from "../path/provider-label.ts";
import type { ShardOwner } from "../shard/owner.ts";
import { backlogReason, laneReason } from "./reasons.ts";

export interface WaitingCount {
  readonly reason: WaitReason;
  /** A name that shaping files know, or `other`; `none`: its route has none; `unknown`: not asked for yet. */
  readonly provider: string;
  readonly units: number;
  readonly destinations: number;
}

interface Count {
  readonly reason: WaitReason;
  readonly provider: string;
  units: number;
  destinations: number;
}

class Counts {
  readonly #counts = new Map<string, Count>();

  get all(): readonly WaitingCount[] {
    return [...this.#counts.values()];
  }

  /** Of one destination. */
  add(units: ReadonlyMap<WaitReason, number>, provider: string): void {
    for (const [reason, count] of units) {
      const key = `${reason} ${provider}`;
      const sum = this.#counts.get(key) ?? { reason, provider, units: 0, destinations: 0 };
      this.#counts.set(key, sum);
      sum.units += count;
      sum.destinations += 1;
    }
  }
}

export function waitingCounts(
  owners: readonly ShardOwner[],
  dispatcher: Pick<Dispatcher, "standstill">,
): readonly WaitingCount[] {
  const counts = new Counts();
  for (const { working, suspects } of owners) {
    for (const queue of working.destinations) {
      counts.add(unitsBy(queue, dispatcher), labelOf(queue));
    }
    for (const destination of working.deferred.kinds) {
      counts.add(inWheel(working, destination), labelOf(working.known(destination)));
    }
    if (suspects.length > 0) counts.add(new Map([["store", suspects.length]]), "unknown");
  }
  return counts.all;
}

function inWheel(
  { deferred, scheduled }: ShardOwner["working"],
  destination: Destination,
): ReadonlyMap<WaitReason, number> {
  const ofSenders = scheduled.of(destination);
  const counts: [WaitReason, number][] = [
    ["schedule", deferred.of(destination) - ofSenders],
    ["scheduled", ofSenders],
  ];
  return new Map(counts.filter(([, count]) => count > 0));
}

function unitsBy(
  queue: DestinationQueue,
  dispatcher: Pick<Dispatcher, "standstill">,
): ReadonlyMap<WaitReason, number> {
  const units = new Map<WaitReason, number>();
  const add = (reason: WaitReason, count: number) => {
    if (count > 0) units.set(reason, (units.get(reason) ?? 0) + count);
  };
  if (queue.readyCount > 0) {
    for (const lane of queue.lanes) {
      if (lane.units.length > 0) add(laneReason(queue, lane, dispatcher), lane.units.length);
    }
  }
  add(backlogReason(queue), queue.backlogs.waiting);
  return units;
}

function labelOf(queue: DestinationQueue | undefined): string {
  if (queue?.located === undefined) return "unknown";
  return providerLabel(queue.destination, queue.located.site.provider);
}
