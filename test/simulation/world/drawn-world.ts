/** What a seed draws. */
import { type Random, seededRandom } from "#lib/random";
import type { PathText } from "#lib/smtp/path";
import {
  type CallCount,
  type CutOff,
  type FaultRates,
  noRates,
  type Seam,
} from "../process/drawn-faults.ts";
import { Draw } from "./draw.ts";
import type { Mood, MoodWindow } from "./mood.ts";
import type { Submission } from "./submitter.ts";
import type { DestinationPlan, Incident, WorldPlan } from "./world-plan.ts";

const second = 1_000;
/** Each by itself, or all that one service gives: that is a partition. */
const seams: readonly (readonly Seam[])[] = [
  ["intake"],
  ["stream"],
  ["journal"],
  ["store"],
  ["store"],
  ["leases"],
  ["bus"],
  ["intake", "stream", "journal"],
  ["intake", "stream", "journal", "leases", "bus"],
  ["intake", "stream", "journal", "leases", "bus", "store"],
];

const effects = [
  ...["accept", "publish", "acknowledge", "append", "seal", "purge"],
  ...["claim", "checkpoint", "release", "heartbeat"],
  ...["defer", "defer/rows", "defer/units", "finish", "recordBounces", "advanceWheel"],
];

export function drawWorld(seed: number, random: Random): WorldPlan {
  const draw = new Draw(random);
  const edges = draw.names("edge", draw.between(1, 2));
  const workers = draw.names("worker", draw.between(1, 3));
  const faultsEndAtMs = draw.between(60, 240) * second;
  const destinations = drawDestinations(draw);
  // Drawn apart, so that all else of a world is as it would be without.
  const later = new Draw(seededRandom(seed + 0x1a7e));
  const isCalm = random.next() < 0.2;
  return {
    seed,
    shards: draw.between(1, 4),
    edges,
    workers,
    sessionsPerDestinationMax: draw.between(1, 3),
    readyUnitsMax: draw.pick([3, 10, 5_000]),
    lifetimeMs: draw.pick([120, 300, 900]) * second,
    delayNotificationMs: draw.pick([0, 45 * second, 90 * second]),
    split: draw.pick(["byWorkers", "byWorkers", "atOnce"]),
    logBytesMax: draw.pick([10_000, 1_000_000, 1_000_000, 1_000_000]),
    latencyMs: draw.between(1, 40),
    dnsLatencyMs: draw.pick([0, 20, 20, 4_000]),
    rates: isCalm ? noRates : drawRates(random),
    lateMsMax: draw.pick([20, 500, 6_000]),
    destinations,
    hosts: destinations
      .flatMap(({ hosts }) => hosts)
      .map((name, n) => ({
        name,
        address: `10.0.2.${n + 1}`,
        windows: drawWindows(draw, faultsEndAtMs),
      })),
    submissions: drawSubmissions(draw, destinations, faultsEndAtMs).map((each) =>
      later.isTrue(0.2) ? { ...each, holdForMs: later.between(5, 300) * second } : each,
    ),
    incidents: isCalm ? [] : drawIncidents(draw, { edges, workers, destinations, faultsEndAtMs }),
    faultsEndAtMs,
  };
}

function drawRates(random: Random): FaultRates {
  const rate = () => (random.next() < 0.5 ? 0 : random.next() * 0.1);
  return {
    late: random.next() * 0.3,
    refused: rate(),
    lost: rate(),
    straggles: rate(),
    again: 2 * rate(),
  };
}

function drawDestinations(draw: Draw): readonly DestinationPlan[] {
  const destinations: DestinationPlan[] = [];
  let hosts = 0;
  for (const domain of draw.names("dest", draw.between(2, 6))) {
    const count = draw.between(1, 2);
    const names = Array.from({ length: count }, () => `mx${++hosts}.example`);
    destinations.push({ domain: `${domain}.example`, hosts: names });
  }
  return destinations;
}

function drawWindows(draw: Draw, endMs: number): readonly MoodWindow[] {
  const windows: MoodWindow[] = [];
  let atMs = draw.below(endMs);
  while (atMs < endMs && draw.isTrue(0.7)) {
    const untilMs = Math.min(endMs, atMs + draw.between(5, 60) * second);
    windows.push({ fromMs: atMs, untilMs, mood: drawMood(draw) });
    atMs = untilMs + draw.below(30 * second);
  }
  return windows;
}

function drawMood(draw: Draw): Mood {
  const share = draw.pick([0.3, 1]);
  return draw.pick<Mood>([
    { kind: "slow", delayMs: draw.between(1, 90) * second },
    { kind: "busy" },
    { kind: "leaving", share },
    { kind: "dropsAfterDot", share, keeps: draw.isTrue(0.5) },
    { kind: "halfReply", share },
    { kind: "greylists", forMs: draw.between(10, 60) * second },
    { kind: "storm", share },
    { kind: "refuses" },
    { kind: "silent" },
  ]);
}

function drawSubmissions(
  draw: Draw,
  destinations: readonly DestinationPlan[],
  endMs: number,
): readonly Submission[] {
  return Array.from({ length: draw.between(4, 40) }, (_, n) => ({
    name: `m${n + 1}`,
    atMs: draw.below(endMs),
    reversePath: (draw.isTrue(0.2)
      ? ""
      : `sender${n}@${draw.pick(destinations).domain}`) as PathText,
    recipients: drawRecipients(draw, destinations, n),
    bodyLines: draw.below(12),
  }));
}

function drawRecipients(draw: Draw, destinations: readonly DestinationPlan[], n: number) {
  return Array.from({ length: draw.pick([1, 1, 2, 3, 5]) }, (_, i) => {
    const user = draw.pick(["user", "user", "user", "user", "nobody", "picky"]);
    const notify = draw.pick([
      undefined,
      undefined,
      undefined,
      ["never"] as const,
      ["failure", "delay"] as const,
      ["success", "failure"] as const,
      ["success"] as const,
    ]);
    const path = `${user}${n}-${i}@${draw.pick(destinations).domain}` as PathText;
    return { path, ...(notify === undefined ? {} : { notify }) };
  });
}

function drawIncidents(
  draw: Draw,
  of: Pick<WorldPlan, "edges" | "workers" | "destinations" | "faultsEndAtMs">,
): readonly Incident[] {
  const incidents = Array.from({ length: draw.below(12) }, () => drawIncident(draw, of));
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

function drawIncident(
  draw: Draw,
  of: Pick<WorldPlan, "edges" | "workers" | "destinations" | "faultsEndAtMs">,
): Incident {
  const atMs = draw.below(of.faultsEndAtMs);
  const worker = draw.pick(of.workers);
  const any = draw.pick([...of.workers, ...of.edges]);
  const forMs = draw.pick([1, 5, 12, 20, 40, 70]) * second + draw.below(second);
  const call = drawCall(draw);
  const cut = { seams: draw.pick(seams), what: draw.pick<CutOff>(["calls", "calls", "answers"]) };
  const { domain: name } = draw.pick(of.destinations);
  const byMs = draw.pick([-600, -60, -5, 5, 60, 200]) * second;
  const what = draw.pick(["kill", "pause", "stop"] as const);
  return draw.pick<Incident>([
    { kind: "kill", atMs, process: any, forMs },
    { kind: "kill", atMs: 0, process: worker, forMs: atMs },
    { kind: "atCall", what: "kill", atMs, process: any, forMs, ...call },
    { kind: "atCall", what, atMs, process: worker, forMs, ...call },
    { kind: "atCall", what, atMs, process: worker, forMs, ...call },
    { kind: "pause", atMs, process: worker, forMs },
    { kind: "pause", atMs, process: worker, forMs },
    { kind: "stop", atMs, process: worker, forMs },
    { kind: "cutOff", atMs, process: any, forMs, ...cut },
    { kind: "cutOff", atMs, process: worker, forMs, ...cut },
    { kind: "isolate", atMs, process: worker, forMs },
    { kind: "clockStep", atMs, byMs },
    { kind: "hold", atMs, name, forMs: 2 * forMs },
    draw.isTrue(0.5) ? { kind: "dnsFails", atMs, forMs, name } : { kind: "dnsFails", atMs, forMs },
  ]);
}

/** Any call, or one of those that change something. */
export function drawCall(draw: Draw): CallCount {
  const operation = draw.pick([undefined, undefined, ...effects]);
  if (operation === undefined) return { calls: draw.between(1, 400) };
  return { operation, calls: draw.between(1, 12) };
}
