/** From what the next hop said to what it means for a recipient: class and scope (STYLE §6). */
import type { Outcome, Scope } from "#lib/queue/outcome";
import type { RecipientResult, SessionFailure } from "#lib/smtp/client/step";
import type { Reply } from "#lib/smtp/reply";
import { replyText } from "#lib/smtp/reply";
import type { Status } from "#lib/smtp/status";

/**
 * How far a refusal reaches, by the command that was refused. MAIL and DATA concern all of the
 * transaction's recipients; RCPT and, since the content is theirs, the final dot only what was sent.
 */
const scopeByStage: Readonly<Record<RecipientResult["stage"], Scope>> = {
  mail: "transaction",
  rcpt: "recipient",
  data: "transaction",
  dot: "transaction",
  local: "transaction",
};

export interface HopFacts {
  /** The next hop offered DSN and got the recipient's NOTIFY (RFC 3461 §5.2.2). */
  readonly dsnOffered: boolean;
}

export function recipientOutcome(result: RecipientResult, hop: HopFacts): Outcome {
  const { reply } = result;
  if (result.localStatus !== undefined) {
    return permanent(result.localStatus, result.reason ?? "refused before sending");
  }
  if (reply === undefined) return lost(result);
  switch (reply.class) {
    case 2:
      return { kind: "delivered", reply, dsnRelayed: hop.dsnOffered };
    case 3:
      return transient("transaction", "4.5.0", `unexpected reply ${reply.code}`, reply);
    case 4:
      return refusedForNow(result, reply);
    case 5:
      return refusedForGood(result, reply);
  }
}

/** A session that never became ready: the host is at fault, another may do better. */
export function sessionOutcome(failure: SessionFailure): Outcome {
  const { reply, reason } = failure;
  // RFC 5321 §3.1 lets a host say 554 to everybody; that it is for good is not known: transient.
  const status = statusByStage[failure.stage];
  return transient("host", reply?.class === 4 ? (reply.status ?? status) : status, reason, reply);
}

/** RFC 3463 §3.5: X.4.1, nobody answers there; X.4.2, a connection that was made broke. */
const statusByStage: Readonly<Record<SessionFailure["stage"], Status<4>>> = {
  connect: "4.4.1",
  greeting: "4.4.2",
  ehlo: "4.4.2",
  starttls: "4.7.5",
  idle: "4.4.2",
  transaction: "4.4.2",
};

function lost(result: RecipientResult): Outcome {
  const reason = result.reason ?? "connection lost";
  // RFC 5321 §6.1: without a reply to the final dot the message may have been delivered.
  // Another host must not get it at once, and the destination is not at fault.
  if (result.isInDoubt) return transient("transaction", "4.4.2", reason);
  return transient("host", "4.4.2", reason);
}

function refusedForNow(result: RecipientResult, reply: Reply & { class: 4 }): Outcome {
  // 421 closes the session whatever it answered (RFC 5321 §3.8): it is about the host.
  const scope = reply.code === 421 ? "host" : scopeByStage[result.stage];
  return transient(scope, reply.status ?? "4.0.0", replyText(reply), reply);
}

function refusedForGood(result: RecipientResult, reply: Reply & { class: 5 }): Outcome {
  // RFC 5321 §4.5.3.1.10: 552 to RCPT is how old servers say "too many recipients": try again.
  if (result.stage === "rcpt" && reply.code === 552 && reply.status === undefined) {
    return transient("recipient", "4.5.3", replyText(reply), reply);
  }
  // 503 to what we sent in order: the server lost track (a pipelining fault, a proxy): not the recipient's fault.
  if (reply.code === 503 && result.stage !== "mail") {
    return transient("transaction", "4.5.0", replyText(reply), reply);
  }
  return {
    kind: "permanent",
    scope: scopeByStage[result.stage],
    status: reply.status ?? "5.0.0",
    reason: replyText(reply),
    reply,
  };
}

function transient(scope: Scope, status: Status<4>, reason: string, reply?: Reply): Outcome {
  return { kind: "transient", scope, status, reason, ...(reply === undefined ? {} : { reply }) };
}

function permanent(status: Status<5>, reason: string): Outcome {
  return { kind: "permanent", scope: "transaction", status, reason };
}
