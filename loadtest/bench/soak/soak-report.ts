/** What a soak has shown: samples, for each quantity whether it grows, and the account of the mail. */
import { table } from "../../../services/cli/table.ts";
import { type Quantity, samplesMin, slack, type Trend, trendsOf, trendsText } from "../trend.ts";
import type { Soak, SoakSample } from "./soak.ts";
import { repeating } from "./soak-faults.ts";

const mib = 2 ** 20;
/** A short soak has few samples, and each is as the garbage collector left it. */
const residentSlackMib = 32;
/** As many connections to the sink as there are come and go. */
const filesSlack = 16;
/** Of hours nobody reads each. */
const shownMax = 30;

export interface Account {
  /** Got a 250 and did not come. */
  readonly lost: number;
  readonly damaged: number;
  /** Copies too many that no lost reply explains. */
  readonly unexplained: number;
  /** Came without a 250. */
  readonly unpromised: number;
}

export function soakText(name: string, soak: Soak): string {
  const { capacityPerSecond, ratePerSecond, samples, accepted, begun, sink, refused } = soak;
  const step = Math.ceil(samples.length / shownMax);
  const shown = samples.filter((_, i) => i % step === step - 1);
  const trends = trendsOf(quantitiesOf(samples));
  const { lost, damaged, unexplained, unpromised } = accountOf(soak);
  const refusals = listText(refused);
  return `${name}: a soak at ${ratePerSecond}/s, 70 % of ${capacityPerSecond.toFixed(0)}/s; the sink misbehaved: ${listText(sink.faults)}
${samplesText(shown)}
${trendsText(trends)}
${accepted} accepted of ${begun}, ${sink.distinct} arrived, ${sink.copies - sink.distinct} copies too many; due to 250: p99 ${soak.latenessP99Ms.toFixed(0)} ms${refusals === "" ? "" : `; refused: ${refusals}`}
account: ${lost} lost, ${damaged} damaged, ${unexplained} copies that no lost reply explains, ${unpromised} without a 250
growing: ${growingText(trends)}
${holds(soak) ? "holds" : "DOES NOT HOLD"}
`;
}

/** Nothing is lost, damaged or sent again without need, and nothing grows. */
export function holds(soak: Soak): boolean {
  const account = Object.values(accountOf(soak)).every((count) => count === 0);
  const trends = trendsOf(quantitiesOf(soak.samples));
  const isFlat = trends.length > 0 && trends.every(({ verdict }) => verdict !== "growing");
  return account && isFlat;
}

export function accountOf({ accepted, unanswered, sink }: Soak): Account {
  const extra = sink.copies - sink.distinct;
  return {
    lost: Math.max(0, accepted - sink.distinct),
    damaged: sink.damaged,
    unexplained: Math.max(0, extra - (sink.faults[repeating] ?? 0)),
    // Whether a message without a reply arrives is nobody's fault.
    unpromised: Math.max(0, sink.distinct - accepted - unanswered),
  };
}

export function samplesText(samples: readonly SoakSample[]): string {
  const shown = quantitiesOf(samples).filter(({ name }) => !name.endsWith(" files"));
  const named = shown.map(({ name, unit }) => (unit === "" ? name : `${name} ${unit}`));
  const rows = samples.map(({ seconds, accepted, arrived, roles }, i) => [
    String(seconds),
    String(accepted),
    String(arrived),
    ...shown.map(({ values }) => (values[i] ?? 0).toFixed(0)),
    String(roles.reduce((sum, { openFiles }) => sum + openFiles, 0)),
  ]);
  return table(["second", "accepted", "arrived", ...named, "files"], rows);
}

function quantitiesOf(samples: readonly SoakSample[]): readonly Quantity[] {
  const [first] = samples;
  if (first === undefined) return [];
  const memory = { unit: "MiB", slack: residentSlackMib } as const;
  const files = { unit: "", slack: filesSlack } as const;
  const role = (i: number, pick: (role: SoakSample["roles"][number]) => number) =>
    samples.map(({ roles }) => (roles[i] === undefined ? 0 : pick(roles[i])));
  return [
    ...first.roles.flatMap(({ name }, i) => [
      { ...memory, name, values: role(i, (it) => it.rssBytes / mib) },
      { ...files, name: `${name} files`, values: role(i, (it) => it.openFiles) },
    ]),
    {
      name: "not arrived",
      unit: "" as const,
      slack: slack.messages,
      values: samples.map(({ accepted, arrived }) => Math.max(0, accepted - arrived)),
    },
    ...first.stored.map(({ value: _, ...quantity }, i) => ({
      ...quantity,
      values: samples.map(({ stored }) => stored[i]?.value ?? 0),
    })),
  ];
}

function growingText(trends: readonly Trend[]): string {
  if (trends.length === 0) return `not known of fewer than ${samplesMin} samples`;
  const growing = trends.filter(({ verdict }) => verdict === "growing");
  return growing.length === 0 ? "nothing" : growing.map(({ name }) => name).join(", ");
}

function listText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, times]) => `${what} ${times}`);
  return parts.join(", ");
}
