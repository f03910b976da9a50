/** The record of a recipient that ended without delivery, with its class. */
import type { Bounce, BounceKind } from "#lib/bounces/bounce";
import type { Classification } from "#lib/bounces/classifier";
import { boundedText } from "#lib/bounces/reply-text";
import { shippedClassifier } from "#lib/bounces/shipped-rules";
import type { Unit } from "#lib/queue/unit";
import type { FailedRecipient } from "./plan.ts";

export function bounceOf(unit: Unit, failed: FailedRecipient, attempt: number): Bounce {
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
  };
}

/** What we decided ourselves is known by its kind: an expiry's text is that of its last failure. */
function classOf(kind: BounceKind, last: FailedRecipient["last"]): Classification {
  return kind === "failed" ? shippedClassifier()(last) : { class: kind, rule: "kind" };
}
