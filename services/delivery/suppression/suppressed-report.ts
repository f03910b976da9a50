/** The report of an attempt that some recipients had no part in: nothing is sent to them. */
import type { Permanent } from "#lib/queue/outcome";
import type { Unit } from "#lib/queue/unit";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { Suppressed } from "./known-suppressions.ts";

/** When nobody is left to be tried. */
export const untried: AttemptReport = { outcomes: [], durationMs: 0, inDoubt: 0, isVoid: false };

/** The unit as it is tried. */
export function withoutSuppressed(unit: Unit, suppressed: Suppressed): Unit {
  return { ...unit, recipients: unit.recipients.filter((_, index) => !suppressed.has(index)) };
}

/** `report` is of the others, in their order. */
export function withSuppressed(
  { recipients }: Unit,
  report: AttemptReport,
  suppressed: Suppressed,
): AttemptReport {
  if (suppressed.size === 0) return report;
  const tried = report.outcomes.values();
  const outcomes = recipients.flatMap((_, index) => {
    const reason = suppressed.get(index);
    if (reason !== undefined) return [outcomeFor(reason)];
    const { value } = tried.next();
    return value === undefined ? [] : [value];
  });
  return { ...report, outcomes };
}

/** RFC 3463 §3.8: X.7.1, the sender is not authorized to send to the destination; per recipient. */
function outcomeFor(reason: string): Permanent {
  return { kind: "permanent", scope: "recipient", status: "5.7.1", reason, isSuppressed: true };
}

/** Nobody was asked. */
export function isUntried({ outcomes }: AttemptReport): boolean {
  return outcomes.every((it) => it.kind === "permanent" && it.isSuppressed === true);
}
