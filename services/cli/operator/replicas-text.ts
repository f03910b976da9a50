/** Which streams lack replicas, as a person reads it. */
import { printable } from "../table.ts";
import type { ClusterStatus } from "./control-answers.ts";

type Replicas = ClusterStatus["replicas"];
type Lacking = Exclude<NonNullable<Replicas>, "unknown">["lacking"][number];
type Fault = Lacking["faults"][number];

/** The others are counted: a server that is away is missed by all. */
const namedMax = 6;

/** Lines. Empty where there is no such thing. */
export function replicasText(replicas: Replicas): string {
  if (replicas === undefined) return "";
  if (replicas === "unknown") return "Whether streams lack replicas is not known now.\n";
  const { streams, lacking } = replicas;
  if (lacking.length === 0) return `All ${streams} streams have all their replicas.\n`;
  const groups = Map.groupBy(lacking, ({ faults }) => faults.map(faultText).join(", "));
  const lines = [
    `${lacking.length} of ${streams} streams lack replicas: no other NATS server may go now`,
    ...[...groups].map(([why, alike]) => `  ${namesText(alike)}: ${why}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function namesText(lacking: readonly Lacking[]): string {
  const names = lacking.slice(0, namedMax).map(({ stream }) => stream);
  const others = lacking.length - names.length;
  return `${names.join(", ")}${others === 0 ? "" : ` and ${others} more`}`;
}

function faultText({ kind, server = "a server", entries = 0, count = 1 }: Fault): string {
  switch (kind) {
    case "missing":
      return "the stream is missing (godwit schema apply)";
    case "silent":
      return "nobody answers for it";
    case "leaderless":
      return "it has no leader";
    case "away":
      return `${server} is away`;
    case "behind":
      return `${server} is ${entries} entries behind`;
    case "unplaced":
      return `${count === 1 ? "a replica has" : `${count} replicas have`} no server`;
    default:
      return kind;
  }
}
