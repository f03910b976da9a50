/** What a run must keep to; k6 ends with exit code 99 when it does not. */
import type { Settings } from "./settings.ts";

/** Names of what the scripts measure beside k6's own. */
export const measured = {
  /** Copies that were answered with a 202: what the sink must have. */
  promised: "copies_promised",
  /** Share of submissions that were answered with 429 or 503 and a Retry-After: full, as it may be. */
  refused: "submissions_refused",
  /** Share of submissions that were answered in any other way, or not at all. */
  failed: "submissions_failed",
  /** From the request to its 202. */
  accepted: "submission_accepted_after",
  controlFailed: "control_failed",
  controlAnswered: "control_answered_after",
} as const;

/** Share that may go wrong: a connection that a restart has cut, not a habit. */
const failedMax = 0.001;
const refusedMax = 0.01;
/** Under more than it can do, a message that it takes is taken within some seconds. */
const overloadFactor = 10;

type Limits = Pick<Settings, "p95Ms" | "p99Ms">;
type Thresholds = Record<string, string[]>;

/** Of metrics without a sample every threshold holds. */
const something = { [measured.promised]: ["count>0"] };

/** As long as it has less to do than it can: nearly nothing refused, and in time. */
export function steady(limits: Limits): Thresholds {
  return {
    ...something,
    [measured.failed]: [`rate<${failedMax}`],
    [measured.refused]: [`rate<${refusedMax}`],
    [measured.accepted]: latencies(limits, 1),
  };
}

/** When it has more to do than it can: it may refuse, but not fail, and not stall. */
export function overloaded(limits: Limits): Thresholds {
  return {
    ...something,
    [measured.failed]: [`rate<${failedMax}`],
    [measured.accepted]: latencies(limits, overloadFactor),
  };
}

/** An open loop stays open: messages that were due and found no user free are the load's own fault. */
export function onTime({ rate, durationMs }: Pick<Settings, "rate" | "durationMs">): Thresholds {
  const due = (rate * durationMs) / 1_000;
  return { dropped_iterations: [`count<=${Math.ceil(due * refusedMax)}`] };
}

/** Operators are answered while mail comes in. */
export function operators(limits: Limits): Thresholds {
  return {
    [measured.controlFailed]: [`rate<${failedMax}`],
    [measured.controlAnswered]: latencies(limits, 1),
  };
}

function latencies({ p95Ms, p99Ms }: Limits, factor: number): string[] {
  return [`p(95)<${p95Ms * factor}`, `p(99)<${p99Ms * factor}`];
}
