/** What is to be known of content that came as a whole, and not by MAIL and DATA. */
import { summarizeHeader } from "#lib/message/header-section";
import type { MailParameters } from "#lib/smtp/parameters";

const cr = 13;
const lf = 10;

/** Every line ends with CRLF, also the last one; what ends in another way is judged as it is. */
export function withLastLineEnd(content: Uint8Array): Uint8Array {
  const last = content.at(-1);
  if (content.length === 0 || last === lf || last === cr) return content;
  const completed = new Uint8Array(content.length + 2);
  completed.set(content);
  completed.set([cr, lf], content.length);
  return completed;
}

/** What a client would have said in MAIL of this content and its paths. */
export function parametersOf(
  content: Uint8Array,
  hasInternationalPath: boolean,
): Pick<MailParameters, "body" | "smtpUtf8"> {
  if (isAscii(content)) return { body: "7bit", smtpUtf8: hasInternationalPath };
  const { end } = summarizeHeader(content);
  // RFC 6532 §3: UTF-8 in a header field is for those who have said that they read it.
  const smtpUtf8 = hasInternationalPath || !isAscii(content.subarray(0, end));
  return { body: "8bitmime", smtpUtf8 };
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) > 127) return false;
  return true;
}
