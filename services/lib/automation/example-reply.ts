/** A refusal as a person pastes it from a log: `421 4.7.0 Too many connections`. */
import { bad, ok, quote, type ValueParser } from "#lib/config/value";
import { ReplyReader } from "#lib/smtp/client/reply-reader";
import type { Reply } from "#lib/smtp/reply";

const encoder = new TextEncoder();

/** Read by the reader of real replies, so that it is what a rule would see. */
export const exampleReply: ValueParser<Reply> = (value) => {
  const hint = "such as 421 4.7.0 Too many connections";
  if (typeof value !== "string") return bad(`${quote(value)} is no reply`, hint);
  const reader = new ReplyReader();
  reader.push(encoder.encode(`${value.trim().replace(/\r?\n/g, "\r\n")}\r\n`));
  const read = reader.next();
  if (read?.kind === "reply" && read.reply.class >= 4) return ok(read.reply);
  return bad(`${quote(value)} is no refusal`, hint);
};
