/** A world as a plain value, to be printed when it failed. */
import type { CallCount, CutOff, FaultRates, Seam } from "../process/drawn-faults.ts";
import type { MoodWindow } from "./mood.ts";
import type { Submission } from "./submitter.ts";

export interface HostPlan {
  readonly name: string;
  readonly address: string;
  readonly windows: readonly MoodWindow[];
}

export interface DestinationPlan {
  readonly domain: string;
  /** With rising preference. */
  readonly hosts: readonly string[];
}

interface Happening<Kind> {
  readonly kind: Kind;
  readonly atMs: number;
}

interface Trouble<Kind> extends Happening<Kind> {
  readonly process: string;
  readonly forMs: number;
}

/** Something that happens to the world at a time. */
export type Incident =
  | Trouble<"kill">
  | Trouble<"pause">
  | Trouble<"stop">
  /** In the middle of its so many-th call of a seam from then on. */
  | (Trouble<"atCall"> & CallCount & { readonly what: "kill" | "pause" | "stop" })
  /** A partition: what it says does not arrive, or what is answered. */
  | (Trouble<"cutOff"> & { readonly seams: readonly Seam[]; readonly what: CutOff })
  /** Its network is gone, and nobody is told; the seams are elsewhere. */
  | Trouble<"isolate">
  | (Happening<"clockStep"> & { readonly byMs: number })
  /** Of one name, or of all. */
  | (Happening<"dnsFails"> & { readonly name?: string; readonly forMs: number })
  /** An operator holds a destination back for a while. */
  | (Happening<"hold"> & { readonly name: string; readonly forMs: number });

export interface WorldPlan {
  readonly seed: number;
  readonly shards: number;
  readonly edges: readonly string[];
  readonly workers: readonly string[];
  readonly sessionsPerDestinationMax: number;
  readonly readyUnitsMax: number;
  readonly lifetimeMs: number;
  readonly delayNotificationMs: number;
  readonly split: "atOnce" | "byWorkers";
  /** Room in the log, in bytes. */
  readonly logBytesMax: number;
  readonly latencyMs: number;
  readonly dnsLatencyMs: number;
  readonly rates: FaultRates;
  readonly lateMsMax: number;
  readonly destinations: readonly DestinationPlan[];
  readonly hosts: readonly HostPlan[];
  readonly submissions: readonly Submission[];
  readonly incidents: readonly Incident[];
  /** Then everything is well again. */
  readonly faultsEndAtMs: number;
}
