/** What a decision costs, and what is held in memory for many destinations at once (ADR 0012 §5). */
import { acquire, type BoundLimit } from "#lib/limits/acquire";
import type { CountedLimit, RateKind } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import { rateOf } from "#lib/limits/rate";

export interface Reckoning {
  readonly destinations: number;
  /** Limits that apply to each: rates, and one of connections. */
  readonly limits: number;
  readonly decisionUs: number;
  readonly heapBytes: number;
}

const destinations = 100_000;
const decisions = 1_000_000;
const kinds: readonly RateKind[] = ["messages", "recipients", "bytes", "newConnections"];
const periodMs = 1_000;
const demand = { messages: 1, recipients: 1, bytes: 1, newConnections: 1, connections: 1 };

export function reckoning(): Reckoning {
  const limits = limitsOf();
  const table = new LimitTable();
  const before = heapBytes();
  for (let n = 0; n < destinations; n++) acquire(boundOf(table, limits, n), demand, 0);
  const used = heapBytes() - before;
  if (table.size < destinations) throw new Error("Cannot measure: states were forgotten");
  return {
    destinations,
    limits: limits.length,
    decisionUs: decisionUs(boundOf(table, limits, 0)),
    heapBytes: used,
  };
}

/** CPU time: others may be at work on the machine. */
function decisionUs(bound: readonly BoundLimit[]): number {
  const decide = () => {
    for (let n = 0; n < decisions; n++) {
      const acquired = acquire(bound, demand, n * periodMs);
      if (acquired.kind === "granted") acquired.permit.release(n * periodMs);
    }
  };
  decide();
  const before = process.cpuUsage();
  decide();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / decisions;
}

function boundOf(
  table: LimitTable,
  limits: readonly CountedLimit[],
  n: number,
): readonly BoundLimit[] {
  return table.bind(limits, { destination: `d${n}.example`, provider: "p" });
}

function limitsOf(): readonly CountedLimit[] {
  const common = { scope: ["destination"] as const, provenance: "bench" };
  const rates = kinds.map((kind) => ({ ...common, name: kind, kind, rate: rateOf(10, periodMs) }));
  return [...rates, { ...common, name: "connections", kind: "connections", max: 10 }];
}

function heapBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}
