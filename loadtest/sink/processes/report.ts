/** What a process of the sink tells, and what several come to. */
import type { Endpoint } from "#lib/net/transport";
import type { SinkOptions } from "../sink.ts";
import type { Counts } from "../tally.ts";
import type { RunArrivals } from "./arrivals.ts";

/** Functions stay at home. */
export type SinkOrders = Omit<SinkOptions, "arrived" | "watch">;

export type Order =
  | { readonly order: "start"; readonly options: SinkOrders }
  /** Tells what is left to be told, then ends. */
  | { readonly order: "stop" };

export interface Report {
  readonly counts: Counts;
  readonly faults: Readonly<Record<string, number>>;
  readonly arrivals: readonly RunArrivals[];
}

export type Told =
  | { readonly event: "listening"; readonly endpoint: Endpoint }
  | { readonly event: "failed"; readonly message: string }
  | ({ readonly event: "report" } & Report);

/** `sessionsOpenMax` is of one moment, which nobody sees of all: the caller keeps it. */
export function sumOf(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((sum, it) => sum + of(it), 0);
  const firsts = all.map((it) => it.firstAt).filter((it) => it > 0);
  return {
    sessions: sum((it) => it.sessions),
    sessionsOpen: sum((it) => it.sessionsOpen),
    sessionsOpenMax: sum((it) => it.sessionsOpenMax),
    tlsSessions: sum((it) => it.tlsSessions),
    commands: sum((it) => it.commands),
    messages: sum((it) => it.messages),
    recipients: sum((it) => it.recipients),
    bytes: sum((it) => it.bytes),
    notifications: sum((it) => it.notifications),
    unnamed: sum((it) => it.unnamed),
    damaged: sum((it) => it.damaged),
    lookedAt: sum((it) => it.lookedAt),
    firstAt: firsts.length === 0 ? 0 : Math.min(...firsts),
    lastNewAt: Math.max(0, ...all.map((it) => it.lastNewAt)),
  };
}

export function faultsOf(
  all: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const faults of all) {
    for (const [name, times] of Object.entries(faults)) sums[name] = (sums[name] ?? 0) + times;
  }
  return sums;
}
