/** A reply with its octets made once. */

export interface Reply {
  readonly text: string;
  readonly octets: Buffer;
}

/** `text` with the line end of its last line. */
export function reply(text: string): Reply {
  return { text, octets: Buffer.from(text, "latin1") };
}

/** RFC 5321 §4.2.1: of several lines, with a hyphen behind the code of all but the last. */
export function replyOf(code: number, text: string): Reply {
  const lines = text.split("\n");
  const last = lines.length - 1;
  return reply(lines.map((line, i) => `${code}${i < last ? "-" : " "}${line}\r\n`).join(""));
}

export const noReply = reply("");
