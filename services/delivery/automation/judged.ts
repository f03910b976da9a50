/** Outcomes as rules see them, and what becomes of one that a rule makes a failure of. */
import type { Rule } from "#lib/automation/rule";
import type { Outcome, Permanent } from "#lib/queue/outcome";
import type { Reply } from "#lib/smtp/reply";

const nothing: readonly Reply[] = [];

/** What remote hosts refused with, each reply once. */
export function refusals(outcomes: readonly Outcome[]): readonly Reply[] {
  let found = nothing;
  for (const { kind, reply } of outcomes) {
    if (kind === "delivered" || reply === undefined || reply.class < 4) continue;
    if (!found.includes(reply)) found = [...found, reply];
  }
  return found;
}

/** The remote's own words stay with it; the status says for good what it said for now. */
export function asFailure(outcome: Outcome, { name }: Rule): Outcome {
  if (outcome.kind === "delivered") return outcome;
  const [, subject, detail] = outcome.status.split(".").map(Number);
  const failure: Permanent = {
    ...outcome,
    kind: "permanent",
    status: `5.${subject ?? 0}.${detail ?? 0}`,
    reason: `by rule ${name}: ${outcome.reason}`,
  };
  return failure;
}
