/** SMTP replies (RFC 5321 §4.2) whose code and enhanced status (RFC 2034) cannot disagree. */
import type { Status, StatusClass } from "./status.ts";

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
export type ReplyClass = 2 | 3 | 4 | 5;
/** What we say: 200–259, 300–359 … RFC 5321 §4.2.1 knows second digits 0 to 5. */
export type ReplyCode<Class extends ReplyClass = ReplyClass> =
  `${Class}${0 | 1 | 2 | 3 | 4 | 5}${Digit}` extends `${infer Code extends number}` ? Code : never;
/** What may be heard: servers know more, and RFC 5321 §4.3.2 has a client go by the first digit. */
export type HeardReplyCode<Class extends ReplyClass = ReplyClass> =
  `${Class}${Digit}${Digit}` extends `${infer Code extends number}` ? Code : never;

interface ReplyOf<Class extends ReplyClass> {
  readonly class: Class;
  readonly code: HeardReplyCode<Class>;
  readonly status?: Class extends StatusClass ? Status<Class> : never;
  /** At least one; printable, without CR or LF, without the status. */
  readonly lines: readonly string[];
}

export type Completion = ReplyOf<2>;
export type Intermediate = ReplyOf<3>;
export type TransientReply = ReplyOf<4>;
export type PermanentReply = ReplyOf<5>;
export type Reply = Completion | Intermediate | TransientReply | PermanentReply;

type Lines = string | readonly string[];

/** A reply of ours. The class of `status` must be that of `code`: the types see to it. */
export function reply(code: ReplyCode<2>, status: Status<2> | undefined, lines: Lines): Completion;
export function reply(code: ReplyCode<3>, status: undefined, lines: Lines): Intermediate;
export function reply(
  code: ReplyCode<4>,
  status: Status<4> | undefined,
  lines: Lines,
): TransientReply;
export function reply(
  code: ReplyCode<5>,
  status: Status<5> | undefined,
  lines: Lines,
): PermanentReply;
export function reply(code: ReplyCode, status: Status | undefined, lines: Lines): Reply {
  const made = {
    class: Math.floor(code / 100),
    code,
    lines: typeof lines === "string" ? [lines] : lines,
    ...(status === undefined ? {} : { status }),
  };
  return made as Reply; // The overloads above are the validation.
}

/** The reply as it goes over the wire, the status before each line's text (RFC 2034 §4). */
export function encodeReply(r: Reply): string {
  const prefix = r.status === undefined ? "" : `${r.status} `;
  const last = r.lines.length - 1;
  let wire = "";
  for (let i = 0; i <= last; i++) {
    wire += `${r.code}${i === last ? " " : "-"}${prefix}${r.lines[i]}\r\n`;
  }
  return wire;
}

/** Characters: with it, what befell a hundred recipients fits into one record of the journal. */
export const replyTextMax = 2_048;

/** A reply's text on one line, as far as it is kept: for logs, notifications, `godwit queue show`. */
export function replyText(r: Reply): string {
  const text = r.lines.join(" ");
  return text.length > replyTextMax ? text.slice(0, replyTextMax).toWellFormed() : text;
}
