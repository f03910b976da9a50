/** The record of a recipient that ended without delivery, with its class. */
import type { Bounce, BounceKind } from "#lib/bounces/bounce";
import type { Classification } from "#lib/bounces/classifier";
import { boundedText } from "#lib/bounces/reply-text";
import { shippedClassifier } from "#lib/bounces/shipped-rules";
import type { Unit } from "#lib/queue/unit";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { FailedRecipient } from "./plan.ts";

/** As far as it is over: the attempt, if there was one. */
interface Ended {
  readonly attempt: number;
  readonly report?: Pick<AttemptReport, "source">;
}

export function bounceOf(unit: Unit, failed: FailedRecipient, ended: Ended): Bounce {
  const { attempt, report } = ended;
  const { recipient, last, kind } = failed;
  return {
    uid: unit.uid,
    kind,
    at: last.at,
    recipient,
    reversePath: unit.envelope.reversePath,
    destination: unit.destination,
    ...classOf(kind, last),
    status: last.status,
    text: boundedText(last.text),
    attempt,
    ...(unit.tenant === undefined ? {} : { tenant: unit.tenant }),
    ...(unit.campaign === undefined ? {} : { campaign: unit.campaign }),
    ...(last.code === undefined ? {} : { code: last.code }),
    ...(last.remote === undefined ? {} : { remote: last.remote }),
    // Who is suppressed, or given up without an attempt, was tried from nowhere.
    ...(kind === "suppressed" || report?.source === undefined ? {} : { source: report.source }),
  };
}

/** What we decided ourselves is known by its kind: an expiry's text is that of its last failure. */
function classOf(kind: BounceKind, last: FailedRecipient["last"]): Classification {
  return kind === "failed" ? shippedClassifier()(last) : { class: kind, rule: "kind" };
}
