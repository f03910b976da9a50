/** The limits of some workers that share a bus; the first owns all shards. */
import type { Bus } from "#lib/leases/bus";
import { epochOf, type Lease } from "#lib/leases/leases";
import { LocalBus } from "#lib/leases/local-bus";
import { allShards } from "#lib/queue/shard";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { WorkerLimits } from "../../../services/delivery/limits/worker-limits.ts";
import { incarnation, shard } from "../records.ts";

export interface LimitsClusterOptions {
  readonly workers?: number;
  readonly shards?: number;
  readonly opened?: "at first" | "after a crash";
}

export const crashed: Lease = { owner: incarnation("w0/0"), epoch: epochOf(1) };

export function limitsCluster(options: LimitsClusterOptions = {}) {
  const { workers = 2, shards = 1, opened = "at first" } = options;
  const clock = new VirtualClock();
  const inner = new LocalBus({ clock });
  const names = Array.from({ length: workers }, (_, n) => incarnation(`w${n + 1}/1`));
  const members = new Set(names);
  const asked = new Map(names.map((name) => [name, 0]));
  const counted = { refused: [] as string[], asked: 0, silent: 0 };
  const all = names.map((me) => {
    const bus: Bus = {
      ask: (which, request) => {
        asked.set(me, (asked.get(me) ?? 0) + 1);
        return inner.ask(which, request);
      },
      askWorker: (name, request) => inner.askWorker(name, request),
      askAll: (request) => inner.askAll(request),
      serveShard: (which, handler) => inner.serveShard(which, handler),
      serveWorker: (worker) => inner.serveWorker(worker),
    };
    const limits = new WorkerLimits({
      closeIdle: () => {},
      ...{ me, clock, bus, log: silentLog },
      config: { shards },
      leases: {
        members: async () =>
          [...members].map((name) => ({ incarnation: name, standing: "staying", silentMs: 0 })),
      },
      tenure: { isSure: true },
      metrics: {
        limitRefused: (kind, isShared) => void counted.refused.push(`${kind} ${isShared}`),
        sharesAsked: (count) => {
          counted.asked += count;
        },
        homeSilent: () => {
          counted.silent += 1;
        },
      },
    });
    const handler = limits.handler(async () => "not a quota");
    const unserve = inner.serveWorker({ name: me, shards: () => [], handler });
    return { me, limits, unserve };
  });
  /** As one takes a shard; the result ends its answers. */
  const own = (limits: WorkerLimits, which: number, lease?: Lease) => {
    limits.open(shard(which), lease);
    return inner.serveShard(
      shard(which),
      limits.handler(async () => "not a quota", shard(which)),
    );
  };
  const [first] = all;
  if (first === undefined) throw new Error("there is a worker");
  const lease = opened === "at first" ? undefined : crashed;
  const ends = allShards(shards).map((which) => own(first.limits, which, lease));
  return { clock, bus: inner, all, first, members, asked, counted, own, ends };
}
