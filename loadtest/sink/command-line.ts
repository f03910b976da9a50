/** A command as it stands in a buffer: nothing is made a string that need not be. */

export const verbs = [
  "EHLO",
  "LHLO",
  "HELO",
  "MAIL",
  "RCPT",
  "DATA",
  "BDAT",
  "RSET",
  "NOOP",
  "VRFY",
  "QUIT",
  "AUTH",
  "STAR",
] as const;

export type Verb = (typeof verbs)[number];

/** By their four octets in lower case, as a number. */
const byOctets: ReadonlyMap<number, Verb> = new Map(
  verbs.map((verb) => [octetsAt(Buffer.from(verb), 0), verb]),
);

/** Of STARTTLS the beginning. Undefined: none that is known. */
export function verbAt(input: Buffer, from: number): Verb | undefined {
  return byOctets.get(octetsAt(input, from));
}

function octetsAt(input: Buffer, at: number): number {
  const [a = 0, b = 0] = [input[at], input[at + 1]];
  const [c = 0, d = 0] = [input[at + 2], input[at + 3]];
  // The bit that tells lower case.
  return (a << 24) | (b << 16) | (c << 8) | d | 0x20202020;
}

export interface PathArgument {
  /** Without the angle brackets. */
  readonly path: string;
  /** What stood behind it: `BODY=8BITMIME SIZE=3`. */
  readonly parameters: string;
}

const [lineFeed, carriageReturn, blank, quote, backslash, less, greater] = [
  10, 13, 32, 34, 92, 60, 62,
];

/** Of a line that ends before `to`. Undefined: there is no path. */
export function pathIn(input: Buffer, from: number, to: number): PathArgument | undefined {
  let begin = from;
  while (begin < to && input[begin] !== less) begin++;
  let end = begin + 1;
  let isQuoted = false;
  for (; end < to; end++) {
    const octet = input[end];
    if (octet === greater && !isQuoted) break;
    if (octet === quote) isQuoted = !isQuoted;
    else if (octet === backslash && isQuoted) end++;
  }
  if (end >= to) return undefined;
  const path = input.toString("utf8", begin + 1, end);
  const last = endOfText(input, end + 1, to);
  return { path, parameters: last === end + 1 ? "" : input.toString("utf8", end + 1, last).trim() };
}

/** Of a line that ends before `to`: its words. */
export function wordsIn(input: Buffer, from: number, to: number): readonly string[] {
  return input.toString("utf8", from, endOfText(input, from, to)).split(" ");
}

/** Without blanks and the carriage return. */
function endOfText(input: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && isBlank(input[end - 1])) end--;
  return end;
}

function isBlank(octet: number | undefined): boolean {
  return octet === carriageReturn || octet === blank || octet === lineFeed;
}
