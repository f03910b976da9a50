/** Text in notifications: cleaned of what a peer could smuggle in, and folded. */

/**
 * Repeated from a peer's reply at most; RFC 5321 §4.5.3.1.5 has 512 octets a line, of several
 * lines.
 */
const quotedLengthMax = 2_000;

/** RFC 5322 §2.1.1. */
const lineLengthAim = 78;

export function isAscii(text: string): boolean {
  return !/[^\p{ASCII}]/u.test(text);
}

/**
 * One line without control characters: a peer's text must begin neither a field nor a body part.
 */
export function oneLine(text: string): string {
  return text
    .slice(0, quotedLengthMax)
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ")
    .trim();
}

/** `oneLine` with each character that is not ASCII shown as `?`. */
export function asciiLine(text: string): string {
  return oneLine(text).replace(/[^\p{ASCII}]/gu, "?");
}

/** A header field with its line end, folded at blanks (RFC 5322 §2.2.3). */
export function foldedField(name: string, body: string): string {
  return `${wrapped(`${name}: ${body}`, "", "    ")}\r\n`;
}

/**
 * `text` broken at single blanks into lines of at most 78 characters where that is possible;
 * without a last line end. No line is ever only blanks: that would end a header section.
 */
export function wrapped(text: string, firstIndent: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((w) => w !== "")) {
    for (const piece of pieces(word)) {
      const lead = lines.length === 0 ? firstIndent : indent;
      if (line !== "" && lead.length + line.length + 1 + piece.length > lineLengthAim) {
        lines.push(lead + line);
        line = piece;
      } else line = line === "" ? piece : `${line} ${piece}`;
    }
  }
  lines.push((lines.length === 0 ? firstIndent : indent) + line);
  return lines.join("\r\n");
}

/** A word cut so that a line stays below the 998 of RFC 5322 §2.1.1 even as UTF-8. */
function pieces(word: string): string[] {
  const pieceMax = 320;
  if (word.length <= pieceMax) return [word];
  const cut: string[] = [];
  for (let at = 0; at < word.length; at += pieceMax) cut.push(word.slice(at, at + pieceMax));
  return cut;
}
