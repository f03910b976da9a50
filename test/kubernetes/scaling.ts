/** Edges and workers that become more, and fewer, under load. */
import { systemClock } from "#lib/clock";
import { shardOf } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Percentiles } from "../../loadtest/histogram.ts";
import type { ClusterLoad } from "../support/cluster/cluster-load.ts";
import { slowdown } from "../support/kubernetes/mail/slowdown.ts";
import { loadOf, type Trials, tryOut } from "../support/kubernetes/mail/trial.ts";
import { shards } from "../support/kubernetes/mail/values.ts";

const most = 4;
const rate = 200;
/** Of these a percentile says something. */
const measured = 2_000;

export async function scaleEdges(trials: Trials): Promise<void> {
  const { release } = trials;
  await tryOut(trials, {
    name: `edges 1 → ${most} → 1`,
    loads: loadOf(rate),
    kind: "orderly",
    async act(load) {
      await release.scale("edge", most);
      await load.moreOfAny(measured);
      await release.scale("edge", 1);
      await load.moreOfAny(measured);
      return {};
    },
  });
}

export async function scaleWorkers(trials: Trials): Promise<void> {
  const { release, post } = trials;
  await tryOut(trials, {
    name: `workers 1 → ${most} → 1`,
    loads: loadOf(rate),
    kind: "orderly",
    async act(load) {
      await release.scale("delivery", most);
      await post.owned(most);
      await oneLess(trials, load);
      await release.scale("delivery", 1);
      await post.owned(1);
      await load.moreOfAny(measured);
      return {};
    },
  });
}

/** A worker with mail under way goes: what do the others' recipients notice? */
async function oneLess({ release, post, checks }: Trials, load: ClusterLoad): Promise<void> {
  const startedAt = systemClock.monotonic();
  const ownersBefore = await post.owned(most);
  await load.moreOfAny(measured);
  const goneAt = systemClock.monotonic();
  await release.scale("delivery", most - 1);
  const ownersAfter = await post.owned(most - 1);
  await load.moreOfAny(measured);
  const isMoved = (domain: string) => {
    const shard: Shard = shardOf(domain as Destination, shards);
    return ownersBefore.get(shard) !== ownersAfter.get(shard);
  };
  // Those that begin last arrive a moment later.
  await load.moreOfAny(measured / 10);
  const after = { from: goneAt, to: systemClock.monotonic() };
  const isOthers = (domain: string) => !isMoved(domain);
  const before = post.journeys.taken({ from: startedAt, to: goneAt }, isOthers);
  const others = post.journeys.taken(after, isOthers);
  const moved = post.journeys.taken(after, isMoved);
  checks.check(
    `a loaded worker goes: others take ${text(others)} instead of ${text(before)}; what moved, ${text(moved)}`,
    [
      ...slowdown("half of the others", before.p50Ms, others.p50Ms),
      ...slowdown("nine in ten of the others", before.p90Ms, others.p90Ms),
      ...(moved.count === 0 ? ["nothing moved"] : []),
    ],
  );
}

function text({ count, p50Ms, p90Ms, p99Ms, maxMs }: Percentiles): string {
  const [p50, p90, p99, max] = [p50Ms, p90Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1));
  return `${p50} / ${p90} / ${p99} / ${max} ms (p50 / p90 / p99 / most of ${count})`;
}
