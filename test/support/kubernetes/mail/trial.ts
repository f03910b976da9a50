/** Something is done to the release while mail comes in, and every message is accounted for. */
import { systemClock } from "#lib/clock";
import { ClusterLoad, type LoadWords } from "../../cluster/cluster-load.ts";
import type { Account } from "../../cluster/scenario.ts";
import type { Lab } from "../lab/lab.ts";
import type { Checks } from "./checks.ts";
import { clientView, improprieties, viewText } from "./client-view.ts";
import { type PostOffice, plainDomain } from "./post-office.ts";
import type { Release } from "./release.ts";
import { deadDomain } from "./values.ts";

/** What trials are made on. */
export interface Trials {
  readonly lab: Lab;
  readonly release: Release;
  readonly post: PostOffice;
  readonly checks: Checks;
  readonly told: (text: string) => void;
  /** Of each trial. */
  readonly accounts: Account[];
}

export interface Trial {
  readonly name: string;
  readonly loads: readonly LoadWords[];
  /** `orderly`: clients see 421 and 451 at most, and nothing comes twice. */
  readonly kind: "orderly" | "harmful";
  readonly act: (load: ClusterLoad) => Promise<Harm>;
}

/** What it may have done, and what it was looked at for. */
export interface Harm {
  /** Copies that are in doubt, at most. */
  readonly copiesMax?: number;
  /** Before the queue is to be empty. */
  readonly afterwards?: () => Promise<void>;
}

const warmUp = 200;
const sessionWords = ["--per-session", "40", "--reply-timeout", "20"];

/** Messages a second to destinations that take them at once; beside them some that wait, or split. */
export function loadOf(rate: number): readonly LoadWords[] {
  const plain = ["--domain", plainDomain, "--domains", "48", "--sessions", "16"];
  const many = ["--domain", "many.example", "--domains", "6", "--recipients", "4"];
  const once = ["--domain", "once.example", "--domains", "6", "--local-part", "451-at-rcpt-once"];
  return [
    ["--rate", String(rate), ...plain, ...sessionWords],
    ["--rate", "3", "--sessions", "2", ...many, ...sessionWords],
    ["--rate", "3", "--sessions", "2", ...once, ...sessionWords],
  ];
}

/** Mail for where nobody listens. */
export const deadLoad: readonly LoadWords[] = [
  ["--rate", "250", "--sessions", "8", "--domain", deadDomain, "--domains", "12", ...sessionWords],
];

export async function startLoad(
  { post }: Trials,
  loads: readonly LoadWords[],
): Promise<ClusterLoad> {
  const edges = await post.edges();
  return ClusterLoad.start({ edges, run: post.newRun(), loads, transits: post.journeys });
}

/** `earlier` are loads that must have arrived by its end, too. */
export async function tryOut(
  trials: Trials,
  trial: Trial,
  earlier: readonly ClusterLoad[] = [],
): Promise<void> {
  const { post, told, checks } = trials;
  const { name, kind } = trial;
  told(`\n${name}\n`);
  const begin = beginning(trials);
  const load = await startLoad(trials, trial.loads);
  await load.moreOfAny(warmUp);
  const { copiesMax = 0, afterwards } = await trial.act(load).catch((error): Harm => {
    checks.check("all was done", [error instanceof Error ? error.message : String(error)]);
    return { copiesMax: Number.POSITIVE_INFINITY };
  });
  await load.moreOfAny(warmUp);
  const summaries = await load.stop();
  const view = clientView(summaries);
  const perSecond = summaries.reduce((sum, it) => sum + it.acceptedPerSecond, 0);
  await afterwards?.();
  told(`  ${Math.round(perSecond)} a second were accepted; clients saw ${viewText(view)}\n`);
  const faults = kind === "orderly" ? improprieties(view) : [];
  await settle(trials, { ...begin, name, copiesMax, faults, loads: [load, ...earlier] });
  post.journeys.restart();
}

export interface Beginning {
  readonly startedAt: number;
  readonly notifiedBefore: number;
}

export function beginning({ post }: Trials): Beginning {
  return { startedAt: systemClock.monotonic(), notifiedBefore: post.notifications };
}

export interface Settled extends Beginning {
  readonly name: string;
  readonly copiesMax: number;
  /** What is wrong already. */
  readonly faults: readonly string[];
  /** Which have been stopped. */
  readonly loads: readonly ClusterLoad[];
}

/** Waits until nothing is queued, and accounts for every message. */
export async function settle(trials: Trials, settled: Settled): Promise<void> {
  const { post, checks, accounts } = trials;
  const { name, loads, copiesMax, startedAt, notifiedBefore } = settled;
  const queued = await post.emptied();
  const arrivals = post.arrived();
  const balances = loads.map((it) => it.balanceWith(arrivals));
  const lost = balances.flatMap((it) => it.lost);
  const accepted = loads.reduce((sum, it) => sum + it.accepted, 0);
  const account = {
    name,
    accepted,
    arrived: accepted - lost.length,
    lost,
    extraCopies: balances.reduce((sum, it) => sum + it.extraCopies, 0),
    notified: post.notifications - notifiedBefore,
    queued,
    transitMs: Math.round(post.journeys.longestMs),
    seconds: Math.round((systemClock.monotonic() - startedAt) / 1_000),
  };
  const faults = [...accountFaults(account, copiesMax, post.damaged), ...settled.faults];
  accounts.push({ ...account, faults });
  const doubts = copiesMax === 0 ? "none twice" : `${account.extraCopies} twice, in doubt`;
  checks.check(`${accepted} accepted, ${account.arrived} arrived, ${doubts}`, faults);
}

type Counted = Omit<Account, "faults">;

function accountFaults(account: Counted, copiesMax: number, damaged: number): readonly string[] {
  const { lost, extraCopies, notified, queued } = account;
  return [
    ...(lost.length > 0 ? [`lost ${lost.length}: ${lost.slice(0, 5).join(" ")}`] : []),
    ...(extraCopies > copiesMax ? [`${extraCopies} copies too many, ${copiesMax} in doubt`] : []),
    ...(notified > 0 ? [`${notified} notifications`] : []),
    ...(queued === 0 ? [] : [`still queued: ${queued ?? "not everybody answers"}`]),
    ...(damaged > 0 ? [`${damaged} arrived damaged`] : []),
  ];
}
