/** One fault under load, and the account of every message that was sent meanwhile. */
import { systemClock } from "#lib/clock";
import { ClusterLoad, type LoadWords } from "./cluster-load.ts";
import { plainDomain, type World } from "./world.ts";

export interface Scenario {
  readonly name: string;
  /** In the short form, which each `npm test` runs, too. */
  readonly isShort: boolean;
  /** Cassandra nodes that it needs. */
  readonly cassandra: 1 | 3;
  /** The load, instead of the usual one. */
  readonly loads?: readonly LoadWords[];
  /** Does the harm, and takes the time that it takes. */
  readonly act: (world: World, load: ClusterLoad) => Promise<Harm>;
}

/** What it may have done. */
export interface Harm {
  /** Copies too many, at most. */
  readonly copiesMax: number;
  /** From MAIL to arrival, of what nothing is wrong with; undefined: no matter. */
  readonly transitMaxMs: number | undefined;
  /** What else was looked at, and does not hold. */
  readonly faults?: readonly string[];
}

export interface Account {
  readonly name: string;
  /** Messages with a 250. */
  readonly accepted: number;
  /** Of those. */
  readonly arrived: number;
  readonly lost: readonly string[];
  readonly extraCopies: number;
  readonly notified: number;
  /** Undefined: not everybody answered. */
  readonly queued: number | undefined;
  readonly transitMs: number;
  readonly seconds: number;
  /** What does not hold. */
  readonly faults: readonly string[];
}

export const usualLoads: readonly LoadWords[] = [
  ["--rate", "100", "--sessions", "8", "--domain", plainDomain, "--domains", "24"],
  // Several units in one message, by SPLIT.
  [
    "--rate",
    "10",
    "--sessions",
    "2",
    "--domain",
    "many.example",
    "--domains",
    "6",
    "--recipients",
    "4",
  ],
  // Deferred once each: by Cassandra.
  [
    "--rate",
    "15",
    "--sessions",
    "2",
    "--domain",
    "once.example",
    "--domains",
    "6",
    "--local-part",
    "451-at-rcpt-once",
  ],
];

const warmUp = 300;
const emptyMaxMs = 180_000;
/** Nothing is to come back to the sender of a scenario that fails nothing for good. */
const notifiedMax = 0;

/** `busy`: others use the machine, too, and times say little. */
export type Machine = "quiet" | "busy";

const busyFactor = 20;

export async function runScenario(
  world: World,
  scenario: Scenario,
  machine: Machine,
): Promise<Account> {
  const { sink, transits, edges } = world;
  await world.shared();
  const startedAt = systemClock.monotonic();
  const notifiedBefore = sink.counts.notifications;
  transits.restart();
  const run = world.newRun();
  const load = ClusterLoad.start({ edges, run, transits, loads: scenario.loads ?? usualLoads });
  await load.more(warmUp);
  const harm = await scenario.act(world, load);
  await world.mended();
  await load.moreOfAny(warmUp);
  await load.stop();
  const queued = await world.emptied(emptyMaxMs);
  const { lost, extraCopies } = load.balanceWith(sink.ledger);
  const allowed = { ...harm, transitMaxMs: spanOn(machine, harm.transitMaxMs) };
  const account = {
    name: scenario.name,
    accepted: load.accepted,
    arrived: load.accepted - lost.length,
    lost,
    extraCopies,
    notified: sink.counts.notifications - notifiedBefore,
    queued,
    transitMs: Math.round(transits.longestMs),
    seconds: Math.round((systemClock.monotonic() - startedAt) / 1_000),
  };
  return { ...account, faults: faultsOf(account, allowed, sink.counts.damaged) };
}

function spanOn(machine: Machine, spanMs: number | undefined): number | undefined {
  if (spanMs === undefined || machine === "quiet") return spanMs;
  return spanMs * busyFactor;
}

function faultsOf(account: Omit<Account, "faults">, harm: Harm, damaged: number): string[] {
  const { lost, extraCopies, notified, queued, transitMs } = account;
  const faults: string[] = [...(harm.faults ?? [])];
  if (lost.length > 0) faults.push(`lost ${lost.length}: ${lost.slice(0, 5).join(" ")}`);
  if (extraCopies > harm.copiesMax) {
    faults.push(`${extraCopies} copies too many, at most ${harm.copiesMax} were in doubt`);
  }
  if (notified > notifiedMax) faults.push(`${notified} notifications`);
  if (queued !== 0) faults.push(`still queued: ${queued ?? "not everybody answered"}`);
  if (damaged > 0) faults.push(`${damaged} arrived damaged`);
  if (harm.transitMaxMs !== undefined && transitMs > harm.transitMaxMs) {
    faults.push(`a message took ${transitMs} ms, at most ${harm.transitMaxMs}`);
  }
  return faults;
}
