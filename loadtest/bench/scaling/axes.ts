/** What is made larger step by step, all else being equal, to see what a message costs then. */

export const axisNames = ["depth", "destinations", "sessions", "shards", "workers"] as const;
export type AxisName = (typeof axisNames)[number];

export interface Axis {
  readonly name: AxisName;
  readonly steps: readonly number[];
}

/** `depth`: messages that wait for a destination that is down. The last two are of a cluster. */
const usualSteps: Readonly<Record<AxisName, readonly number[]>> = {
  depth: [0, 10_000, 100_000, 1_000_000],
  destinations: [1, 100, 10_000, 100_000],
  sessions: [1, 10, 100, 1_000, 10_000],
  shards: [4, 16, 64],
  workers: [1, 2, 4, 8],
};

/** @param steps instead of the usual ones, of each; none: the usual ones */
export function axesOf(names: readonly AxisName[], steps: readonly number[]): readonly Axis[] {
  return names.map((name) => ({ name, steps: steps.length > 0 ? steps : usualSteps[name] }));
}

export interface Load {
  readonly messages: number;
  readonly sessions: number;
  readonly domains: number;
  readonly shards: number;
  readonly workers: number;
  /** That wait before the measurement begins. */
  readonly waiting: number;
  readonly isCluster: boolean;
}

/** Of each destination one message at least, of each session some. */
const messagesPerSession = 4;
/** One domain is one shard: several workers need several. */
const clusterDomains = 400;
const clusterSessions = 100;

/** One step: what the axis does not say is as it was given. */
export function loadOf(
  name: AxisName,
  step: number,
  given: Pick<Load, "messages" | "sessions" | "domains" | "shards">,
): Load {
  const alone = { ...given, workers: 1, waiting: 0, isCluster: false };
  const { messages } = given;
  switch (name) {
    case "depth":
      return { ...alone, waiting: step };
    case "destinations":
      return { ...alone, domains: step, messages: Math.max(messages, step) };
    case "sessions":
      return { ...alone, sessions: step, messages: Math.max(messages, step * messagesPerSession) };
    case "shards":
      return { ...alone, ...ofCluster(given), shards: step };
    case "workers":
      return { ...alone, ...ofCluster(given), workers: step };
  }
}

function ofCluster({ domains, sessions }: Pick<Load, "domains" | "sessions">) {
  return {
    isCluster: true,
    domains: Math.max(domains, clusterDomains),
    sessions: Math.max(sessions, clusterSessions),
  };
}
