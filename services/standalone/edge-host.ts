/**
 * Seam: where the edge runs. In the thread of all the rest, or in one of its own
 * (`edge-thread/edge-thread.ts`).
 */
import type { Config } from "#lib/config/config";
import type { EdgeConfig } from "../edge/config.ts";
import { Edge, type EdgePorts, type Listening } from "../edge/edge.ts";

export interface EdgeHost {
  /** Where it listens, in the order of the configuration. */
  readonly listening: readonly Listening[];
  /** Resolves when every listener listens; rejects, with none left, when one cannot. */
  start(): Promise<void>;
  /** New sessions, and what running ones ask next, are under `config` when this is over. */
  reload(config: EdgeConfig): Promise<void> | void;
  /** As `Edge.stop()`; what it has handed in last is with the intake when this resolves. */
  stop(): Promise<void>;
}

/** What an edge needs of the rest of the process. */
export type EdgeHostPorts = Pick<
  EdgePorts,
  "intake" | "keys" | "metrics" | "events" | "suppressed" | "tracing"
>;

export type HostEdge = (config: EdgeConfig, ports: EdgeHostPorts) => EdgeHost;

/** Beside all the rest: for one core, and for clocks and networks of a test. */
export function edgeInProcess(own: Omit<EdgePorts, keyof EdgeHostPorts>): HostEdge {
  return (config, ports) => new Edge(config, { ...own, ...ports });
}

/** From so many cores on; on two nothing is gained, as measured (ADR 0020). */
const coresMin = 3;

export function edgeThreadsOf(
  { edgeThreads, suppression }: Pick<Config, "edgeThreads" | "suppression">,
  cores: number,
): number {
  // At each RCPT the list would be asked in the other thread: dearer than what is gained.
  if (suppression.submission === "refuse") return 0;
  return edgeThreads ?? (cores >= coresMin ? 1 : 0);
}
