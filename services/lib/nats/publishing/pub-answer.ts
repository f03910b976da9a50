/** Reads what JetStream answers to a publish. */
import type { Msg } from "@nats-io/transport-node";
import type { Answer } from "./publisher.ts";

const noResponders = 503;

export function readPubAnswer(message: Pick<Msg, "data" | "headers" | "string">): Answer {
  if (message.data.length === 0 && message.headers?.code === noResponders) {
    return { kind: "nobody", reason: "no stream takes it: there is none, or it has no leader" };
  }
  try {
    return answerOf(JSON.parse(message.string()));
  } catch {
    return unreadable;
  }
}

/** Somebody answered; whether it is stored is not known. */
const unreadable: Answer = { kind: "unanswered", reason: "the answer cannot be read" };

function answerOf(value: unknown): Answer {
  if (typeof value !== "object" || value === null) return unreadable;
  if ("error" in value) return refusalOf(value.error);
  if (!("stream" in value) || typeof value.stream !== "string") return unreadable;
  if (!("seq" in value) || typeof value.seq !== "number") return unreadable;
  return {
    kind: "stored",
    stream: value.stream,
    sequence: value.seq,
    isDuplicate: "duplicate" in value && value.duplicate === true,
  };
}

function refusalOf(error: unknown): Answer {
  if (typeof error !== "object" || error === null) return unreadable;
  const code = "err_code" in error && typeof error.err_code === "number" ? error.err_code : 0;
  const reason = "description" in error ? String(error.description) : "no reason given";
  return { kind: "refused", code, reason: `${reason} (${code})` };
}
