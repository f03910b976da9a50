/** What was seen of limits, and whether it is as it must be. */
import { table } from "../../../services/cli/table.ts";
import type { Accuracy, Phase } from "./accuracy.ts";
import type { Limits } from "./limits.ts";

export interface Check {
  readonly what: string;
  readonly seen: string;
  readonly holds: boolean;
}

const mib = 2 ** 20;
const usedMin = 0.95;
/** Closing one connection and opening another may come to the sink's notice in one turn, in any order. */
const noticeMs = 20;
const beyondLimitMs = 2_000;
const ofOneMin = 0.7;
const besideSlowMin = 0.95;
const decisionUsMax = 2;
const heapMibMax = 200;
const secondsShown = 20;

export function limitsText(limits: Limits): string {
  const verdicts = checks(limits).map(({ what, seen, holds }) => {
    return `${holds ? "yes" : "NO "}  ${what}: ${seen}\n`;
  });
  const parts = [accuracyText(limits.accuracy), verdicts.join("")];
  return parts.filter((part) => part !== "").join("\n");
}

export function checks(limits: Limits): readonly Check[] {
  return [
    ...accuracyChecks(limits.accuracy),
    ...fairnessChecks(limits),
    ...destinationChecks(limits),
    ...reckoningChecks(limits),
  ];
}

function accuracyText(accuracy: Accuracy | undefined): string {
  if (accuracy === undefined) return "";
  const { messagesPerSecond, burst, connections, workers, domains, hosts } = accuracy;
  const whose = hosts === "own" ? "a host each" : "one host";
  const heading = [`${messagesPerSecond}/s burst ${burst}, ${connections} connections`, "s"];
  const more = [
    "messages",
    "used",
    "most in 1 s",
    "as sent",
    "jitter ms",
    "connections",
    "above ms",
    "waiting",
  ];
  const rows = accuracy.phases.map((phase) => [
    phase.name,
    phase.seconds.toFixed(0),
    String(phase.messages),
    percent(phase.used),
    String(phase.most),
    String(phase.mostSent),
    `${phase.jitterMs.toFixed(0)}, ${phase.jitterSentMs.toFixed(0)}`,
    `${phase.connectionsMost}, mean ${phase.connectionsMean.toFixed(1)}`,
    phase.aboveMs.toFixed(1),
    String(phase.waiting),
  ]);
  const after = accuracy.phases.slice(2).map(({ name, perSecond }) => {
    return `after ${name}: ${perSecond.slice(0, secondsShown).join(" ")} …\n`;
  });
  return (
    `${workers} workers, ${domains} domains of one provider with ${whose}\n` +
    table([...heading, ...more], rows) +
    after.join("")
  );
}

function accuracyChecks(accuracy: Accuracy | undefined): readonly Check[] {
  if (accuracy === undefined) return [];
  const { phases, messagesPerSecond, burst, connections } = accuracy;
  const most = (of: (phase: Phase) => number) => Math.max(...phases.map(of));
  const allowed = messagesPerSecond + burst;
  const peace = phases.find(({ name }) => name === "in peace");
  const slow = phases.at(-1);
  const seen = most((phase) => phase.most);
  const sent = most((phase) => phase.mostSent);
  const open = most((phase) => phase.connectionsMost);
  const aboveMs = most((phase) => phase.aboveMs);
  const mean = slow?.connectionsMean ?? 0;
  return [
    {
      what: `at most ${allowed} in any second, at the sink or, where the way adds some, as sent`,
      seen: `${seen}, ${sent} as sent`,
      holds: Math.min(seen, sent) <= allowed,
    },
    {
      what: `at most ${connections} connections at once, but for ${noticeMs} ms in which one goes and one comes`,
      seen: `${open}, above for ${aboveMs.toFixed(1)} ms at a time`,
      holds: open <= connections || aboveMs <= noticeMs,
    },
    {
      what: `${percent(usedMin)} of the rate used in peace`,
      seen: percent(peace?.used ?? 0),
      holds: (peace?.used ?? 0) >= usedMin,
    },
    {
      what: `${percent(usedMin)} of the connections used where they bind`,
      seen: percent(mean / connections),
      holds: mean / connections >= usedMin,
    },
  ];
}

function fairnessChecks({ fairness }: Limits): readonly Check[] {
  if (fairness === undefined) return [];
  const { waiting, few, throughMs, limitMs, othersPerSecond } = fairness;
  const what = `${few} of a tenant beside ${waiting} of another are out ${beyondLimitMs / 1_000} s after the limit's ${limitMs} ms`;
  const seen = `${throughMs.toFixed(0)} ms; the other's ${othersPerSecond.toFixed(0)}/s meanwhile`;
  return [{ what, seen, holds: throughMs <= limitMs + beyondLimitMs }];
}

function destinationChecks({ destinations }: Limits): readonly Check[] {
  if (destinations === undefined) return [];
  const { messages, toOne, toMany, beside } = destinations;
  return [
    {
      what: `${messages} destinations at ${percent(ofOneMin)} of the pace of one, or more`,
      seen: `${toMany.toFixed(0)}/s, ${toOne.toFixed(0)}/s to one: ${percent(toMany / toOne)}`,
      holds: toMany >= ofOneMin * toOne,
    },
    {
      what: `${percent(besideSlowMin)} of the pace beside a destination that is slow`,
      seen: `${beside.slow.toFixed(0)}/s, ${beside.none.toFixed(0)}/s without: ${percent(beside.slow / beside.none)}; it held ${beside.slowConnections} connections`,
      holds: beside.slow >= besideSlowMin * beside.none,
    },
  ];
}

function reckoningChecks({ reckoning }: Limits): readonly Check[] {
  if (reckoning === undefined) return [];
  const { destinations, limits, decisionUs, heapBytes } = reckoning;
  const heapMib = heapBytes / mib;
  return [
    {
      what: `a decision under ${limits} limits takes less than ${decisionUsMax} µs`,
      seen: `${decisionUs.toFixed(2)} µs`,
      holds: decisionUs < decisionUsMax,
    },
    {
      what: `less than ${heapMibMax} MiB for ${destinations} destinations`,
      seen: `${heapMib.toFixed(0)} MiB`,
      holds: heapMib < heapMibMax,
    },
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
