/** What a remote host said, as far as we keep it: a line of text, whatever it sent. */

export const bounceTextMax = 1_024;
/** Before anything else looks at a text: it may have megabytes. */
const lookedAtMax = 4 * bounceTextMax;

/** What moves a cursor, ends a line, or turns the direction of writing. */
const control = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

export function boundedText(text: string): string {
  const head = text.slice(0, lookedAtMax).toWellFormed();
  const line = withoutControls(head).replace(/ {2,}/g, " ").trim();
  return line.slice(0, bounceTextMax).trimEnd().toWellFormed();
}

export function withoutControls(text: string): string {
  return text.replace(control, " ");
}

const replyCode = /^\d{3}$/;

/** RFC 5321 §4.2: 2 to 5, then two digits. Whatever else stands there is no code. */
export function isReplyCode(code: number): boolean {
  return replyCode.test(String(code)) && code >= 200 && code < 600;
}

/**
 * A reply as rules see it: `550 5.1.1 text`. A reply of several lines has its status before each of
 * them; here it stands once.
 */
export function replyLine(reply: {
  readonly code?: number;
  readonly status: string;
  readonly text: string;
}): string {
  const { code, status } = reply;
  const text = boundedText(reply.text).replaceAll(`${status} `, "").trim();
  const isCode = code !== undefined && isReplyCode(code);
  return boundedText([isCode ? code : "", status, text].join(" "));
}
