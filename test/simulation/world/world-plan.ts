/** A world as a plain value, to be printed when it failed. */
import type { FaultRates, Seam } from "../process/drawn-faults.ts";
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

/** Something that happens to the world at a time. */
export type Incident =
  | {
      readonly kind: "kill";
      readonly atMs: number;
      readonly process: string;
      readonly forMs: number;
    }
  /** Killed in the middle of its so many-th call of a seam from then on. */
  | {
      readonly kind: "killAtCall";
      readonly atMs: number;
      readonly process: string;
      readonly calls: number;
      readonly forMs: number;
    }
  | {
      readonly kind: "pause";
      readonly atMs: number;
      readonly process: string;
      readonly forMs: number;
    }
  | {
      readonly kind: "stop";
      readonly atMs: number;
      readonly process: string;
      readonly forMs: number;
    }
  | {
      readonly kind: "cutOff";
      readonly atMs: number;
      readonly process: string;
      readonly seam: Seam;
      readonly forMs: number;
    }
  /** Its network is gone, and nobody is told; the seams are elsewhere. */
  | {
      readonly kind: "isolate";
      readonly atMs: number;
      readonly process: string;
      readonly forMs: number;
    }
  | { readonly kind: "clockStep"; readonly atMs: number; readonly byMs: number }
  /** Of one name, or of all. */
  | {
      readonly kind: "dnsFails";
      readonly atMs: number;
      readonly name?: string;
      readonly forMs: number;
    };

export interface WorldPlan {
  readonly seed: number;
  readonly shards: number;
  readonly edges: readonly string[];
  readonly workers: readonly string[];
  readonly sessionsPerDestinationMax: number;
  readonly readyUnitsMax: number;
  readonly lifetimeMs: number;
  readonly delayNotificationMs: number;
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
