/**
 * Many messages wait for a destination that is down: what others notice of it, and how soon a
 * restart is ready.
 */
import { systemClock } from "#lib/clock";
import { freePort } from "../../test/peers/peer.ts";
import { Histogram } from "../histogram.ts";
import { Sink } from "../sink/sink.ts";
import { Source } from "../source/source.ts";
import { type Contestant, domains, pidsOf, type Running } from "./contestants/contestant.ts";
import { untilQuiet, usageOf } from "./process-tree.ts";
import { sourceOptions, type Workload } from "./workload.ts";

/** A destination that is up, as its mail sees it. */
export interface Probe {
  readonly acceptedPerSecond: number;
  readonly throughPerSecond: number;
  /** From MAIL to the final dot at the sink, at a gentle rate. */
  readonly transitP50Ms: number;
  readonly transitP99Ms: number;
  readonly rssBytes: number;
  readonly rssBytesByRole: Readonly<Record<string, number>>;
}

export interface Waiting {
  readonly waiting: number;
  /** That they are for, all down. */
  readonly destinations: number;
}

export interface Deferred extends Waiting {
  readonly before: Probe;
  readonly after: Probe;
  /** Messages a second, for the first and the last tenth of those that wait. */
  readonly fillFirstPerSecond: number;
  readonly fillLastPerSecond: number;
  /** From the first message to where the last one waits. */
  readonly deferringMs: number;
  /** The most while they came, by role. */
  readonly rssBytesMaxByRole: Readonly<Record<string, number>>;
  /** Until ready, after SIGTERM and after SIGKILL. Undefined: it is not restarted here. */
  readonly restartMs: number | undefined;
  readonly restartAfterKillMs: number | undefined;
  /** Of the shard that took longest. Undefined: there is nobody to take over from. */
  readonly takeoverMs: number | undefined;
}

const tenths = 10;
/** Of all that wait, when they are for several destinations. */
const firstShare = 0.3;
const probeMessages = 10_000;
const gentleMessages = 1_500;
const gentleRatePerSecond = 150;
const sessions = 20;
/** Of what is to wait for many destinations: a cluster takes its time for each message. */
const fillSessions = 200;
const quietCores = 0.1;
/** Many destinations that are down are tried all the time. */
const quietCoresOfMany = 0.6;
const rssSampleMs = 5_000;

export async function deferred(contestant: Contestant, asked: Waiting): Promise<Deferred> {
  const { waiting, destinations } = asked;
  const bench = await Bench.start(contestant);
  try {
    // The first one only warms up.
    await bench.probe("warm");
    const before = await bench.probe("before");
    const rates: number[] = [];
    const peak = bench.watchRss();
    const startedAt = systemClock.monotonic();
    for (let i = 0; i < tenths; i++) {
      rates.push(await bench.fill(`fill${i}`, { waiting: waiting / tenths, destinations }));
    }
    await bench.running.caughtUp?.();
    const deferringMs = systemClock.monotonic() - startedAt;
    const rssBytesMaxByRole = peak();
    const coresMax = destinations === 1 ? quietCores : quietCoresOfMany;
    await untilQuiet(pidsOf(bench.running), coresMax);
    const after = await bench.probe("after");
    const { restart } = bench.running;
    const restarted = restart?.bind(bench.running);
    return {
      ...asked,
      before,
      after,
      fillFirstPerSecond: rates[0] ?? 0,
      fillLastPerSecond: rates.at(-1) ?? 0,
      deferringMs,
      rssBytesMaxByRole,
      restartMs: await restarted?.("SIGTERM"),
      restartAfterKillMs: await restarted?.("SIGKILL"),
      takeoverMs: await bench.running.takeover?.(),
    };
  } finally {
    await bench.stop();
  }
}

class Bench {
  readonly running: Running;
  readonly #sink: Sink;
  readonly #sentAt: Map<string, number>;
  readonly #transit: { histogram: Histogram };

  static async start(contestant: Contestant): Promise<Bench> {
    const sentAt = new Map<string, number>();
    const transit = { histogram: new Histogram() };
    const sink = await Sink.start({
      arrived({ id }) {
        const at = id === undefined ? undefined : sentAt.get(`${id.run}-${id.n}`);
        if (at !== undefined) transit.histogram.record(systemClock.monotonic() - at);
      },
    });
    const down = { address: "127.0.0.1", port: await freePort() };
    const running = await contestant.start({ up: sink.endpoint, down });
    return new Bench({ running, sink, sentAt, transit });
  }

  private constructor(parts: {
    readonly running: Running;
    readonly sink: Sink;
    readonly sentAt: Map<string, number>;
    readonly transit: { histogram: Histogram };
  }) {
    this.running = parts.running;
    this.#sink = parts.sink;
    this.#sentAt = parts.sentAt;
    this.#transit = parts.transit;
  }

  async probe(run: string): Promise<Probe> {
    const common = { to: this.running.endpoint, sessions, sizeBytes: 4_096 };
    const due = this.#sink.ledger.distinct + probeMessages;
    const full = sourceOptions({ ...common, run: `${run}full`, messages: probeMessages });
    const summary = await new Source(full).run();
    await this.#sink.until((_, ledger) => ledger.distinct >= due);
    const throughMs = this.#sink.counts.lastNewAt - summary.startedAt;

    this.#transit.histogram = new Histogram();
    const rate = { ratePerSecond: gentleRatePerSecond, messages: gentleMessages };
    const gentle = sourceOptions({ ...common, run: `${run}gentle`, ...rate });
    const begun = (id: { readonly run: string; readonly n: number }) =>
      void this.#sentAt.set(`${id.run}-${id.n}`, systemClock.monotonic());
    await new Source({ ...gentle, begun }).run();
    await this.#sink.until((_, ledger) => ledger.distinct >= due + gentleMessages);
    return {
      acceptedPerSecond: summary.acceptedPerSecond,
      throughPerSecond: (probeMessages * 1_000) / throughMs,
      transitP50Ms: this.#transit.histogram.atMs(0.5),
      transitP99Ms: this.#transit.histogram.atMs(0.99),
      rssBytes: this.#usage().rssBytes,
      rssBytesByRole: this.#rssBytesByRole(),
    };
  }

  /** From now on until the result is called, which tells the most of each role. */
  watchRss(): () => Readonly<Record<string, number>> {
    const max: Record<string, number> = {};
    let cancel = () => {};
    const look = () => {
      for (const [role, bytes] of Object.entries(this.#rssBytesByRole())) {
        max[role] = Math.max(max[role] ?? 0, bytes);
      }
      cancel = systemClock.after(rssSampleMs, look);
    };
    look();
    return () => {
      cancel();
      return max;
    };
  }

  /** Accepted a second. */
  async fill(run: string, { waiting, destinations }: Waiting): Promise<number> {
    const first = destinations === 1 ? waiting : Math.round(waiting * firstShare);
    const others = { messages: waiting - first, domainCount: destinations - 1 };
    const startedAt = systemClock.monotonic();
    const sessionCount = destinations === 1 ? sessions : fillSessions;
    await this.#send({ run: `${run}a`, messages: first, sessions: sessionCount });
    if (others.messages > 0) {
      await this.#send({ run: `${run}b`, ...others, sessions: sessionCount });
    }
    return (waiting * 1_000) / (systemClock.monotonic() - startedAt);
  }

  async #send(
    load: Pick<Workload, "run" | "messages" | "domainCount" | "sessions">,
  ): Promise<void> {
    const common = { to: this.running.endpoint, sizeBytes: 4_096, domain: domains.down };
    await new Source(sourceOptions({ ...common, ...load })).run();
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.#sink.stop();
  }

  #rssBytesByRole(): Readonly<Record<string, number>> {
    const roles = Object.entries(this.running.roles());
    return Object.fromEntries(roles.map(([role, pids]) => [role, usageOf(...pids).rssBytes]));
  }

  #usage() {
    return usageOf(...pidsOf(this.running));
  }
}
