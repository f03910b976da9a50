/** From the fates of a submission's recipients to the answer of the request. */
import { replyText } from "#lib/smtp/reply";
import type {
  AcceptedAnswer,
  ProblemAnswer,
  RecipientResult,
} from "./description/answer-schema.ts";
import type { Submission } from "./message/submission.ts";
import type { Fate } from "./message/submitter.ts";
import { problemContentType, problemTitles } from "./problem.ts";
import type { KnownIds, Tried } from "./repeats.ts";

export interface Submitted {
  readonly submission: Submission;
  readonly fates: readonly Fate[];
  /** Whoever has one repeats the whole request, and nobody gets it twice. */
  readonly hasKey: boolean;
}

/** Of a queue that is full, or out of reach. */
const retryAfterSeconds = 30;

export function submissionAnswer(submitted: Submitted): Tried {
  const { fates, hasKey } = submitted;
  const recipients = resultsOf(submitted);
  const accepted = fates.filter(({ kind }) => kind === "accepted").length;
  const isOpen = fates.some((fate) => fate.kind === "refused" && fate.reply.class === 4);
  if (isOpen && (hasKey || accepted === 0)) {
    const detail = hasKey ? openWithKey : "nobody was accepted: try again later";
    const headers = { "retry-after": String(retryAfterSeconds) };
    const answer = { ...problem(503, detail, recipients), headers };
    return { answer, open: { known: knownOf(fates) } };
  }
  if (accepted === 0) return { answer: problem(422, "nobody was accepted", recipients) };
  const body: AcceptedAnswer = { accepted, refused: fates.length - accepted, recipients };
  const contentType = "application/json";
  return { answer: { status: 202, contentType, body: JSON.stringify(body) } };
}

function knownOf(fates: readonly Fate[]): KnownIds {
  return new Map(
    fates.flatMap((fate, i): [number, string][] =>
      fate.kind === "accepted" ? [[i, fate.queueId]] : [],
    ),
  );
}

const openWithKey =
  "some recipients could not be accepted now: repeat the request with its key, and these are tried again";

function resultsOf({ submission, fates }: Submitted): RecipientResult[] {
  return submission.recipients.map(({ address }, i) => {
    const fate = fates[i];
    if (fate?.kind === "accepted") return { address, status: "accepted", queueId: fate.queueId };
    const said = fate?.reply;
    return {
      address,
      status: "refused",
      ...(said === undefined ? {} : { code: said.code, reason: replyText(said) }),
      ...(said?.status === undefined ? {} : { enhancedStatus: said.status }),
    };
  });
}

function problem(status: 422 | 503, detail: string, recipients: RecipientResult[]) {
  const body: ProblemAnswer = { title: problemTitles[status], status, detail, recipients };
  const contentType = problemContentType;
  return { status, contentType, body: JSON.stringify(body) };
}
