/**
 * Golden transcripts: dialogues that a person can read, as data.
 *
 *   # RFC 5321 §4.1.1.2: the first comment is the title, and names the rule.
 *   # settings: auth=always            headers, as many as wanted: what they mean is the player's
 *   S: 220 edge.example ESMTP *        a line of the server
 *   C: EHLO client.example             a line of the client
 *   T: tls                             an event of the transport; other letters are the player's
 *
 * Lines of one side with nothing between them are one segment. CRLF is added to each line. Escapes:
 * \r \n \0 \t \\ \xHH (an octet), \{300 x} (x, 300 times), and \c at the end (no CRLF).
 * In an expected line `*` is any wording and `?` one digit; `250-*` is any number of lines; what
 * is meant literally stands behind a backslash.
 */
import type { Random } from "#lib/random";

export interface Transcript {
  /** The first comment: a section of an RFC, and what it wants. */
  readonly title: string;
  readonly headers: readonly TranscriptHeader[];
  readonly items: readonly TranscriptItem[];
}

export interface TranscriptHeader {
  readonly name: string;
  readonly value: string;
}

export interface TranscriptItem {
  /** The letter before the colon. */
  readonly who: string;
  /** As written, escapes included. */
  readonly text: string;
  /** Counted from 1. */
  readonly lineNumber: number;
}

/** How a segment is cut before it is handed over. */
export const cuttings = ["whole", "byte by byte", "at seeded cuts"] as const;
export type Cutting = (typeof cuttings)[number];

const encoder = new TextEncoder();

export function parseTranscript(text: string): Transcript {
  const headers: TranscriptHeader[] = [];
  const items: TranscriptItem[] = [];
  let title: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const lineNumber = index + 1;
    if (line === "") continue;
    if (line.startsWith("#")) {
      const comment = line.slice(1).trim();
      const header = /^([a-z]+): +(.*)$/.exec(comment);
      if (title === undefined) title = comment;
      else if (header !== null) headers.push({ name: header[1] ?? "", value: header[2] ?? "" });
      continue;
    }
    const item = /^([A-Z]):(?: (.*))?$/.exec(line);
    if (item === null) throw new SyntaxError(`Line ${lineNumber} is no transcript line: ${line}`);
    items.push({ who: item[1] ?? "", text: item[2] ?? "", lineNumber });
  }
  if (title === undefined) throw new SyntaxError("A transcript begins with a comment");
  return { title, headers, items };
}

/** `key=value key="other value"` as in a header: an entry each. */
export function parseAssignments(text: string): [key: string, value: string][] {
  const found = text.matchAll(/([A-Za-z]+)=(?:"([^"]*)"|(\S+))/g);
  return [...found].map(([, key = "", quoted, plain]) => [key, quoted ?? plain ?? ""]);
}

/** Lines of one side with nothing between them, together. */
export function grouped(items: readonly TranscriptItem[]): TranscriptItem[][] {
  const groups: TranscriptItem[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0]?.who === item.who) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

/** The octets that a side sends for these lines: escapes resolved, CRLF added. */
export function octets(lines: readonly string[]): Uint8Array {
  const parts = lines.map((line) => {
    const isOpen = line.endsWith("\\c");
    return unescaped(isOpen ? line.slice(0, -2) : `${line}\\r\\n`);
  });
  return joined(parts);
}

function unescaped(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [piece] of text.matchAll(
    /[^\\]+|\\x[0-9a-fA-F]{2}|\\\{\d+ (?:[^\\}]|\\[^{])+\}|\\[^x{]/gu,
  )) {
    parts.push(piece.startsWith("\\") ? escaped(piece) : encoder.encode(piece));
  }
  return joined(parts);
}

const simpleEscapes: Readonly<Record<string, number>> = { r: 13, n: 10, "0": 0, t: 9, "\\": 92 };

function escaped(piece: string): Uint8Array {
  if (piece[1] === "x") return Uint8Array.of(Number.parseInt(piece.slice(2), 16));
  if (piece[1] === "{") {
    const blank = piece.indexOf(" ");
    const once = unescaped(piece.slice(blank + 1, -1));
    return joined(new Array(Number(piece.slice(2, blank))).fill(once));
  }
  const octet = simpleEscapes[piece[1] ?? ""];
  if (octet === undefined) throw new SyntaxError(`Unknown escape ${piece}`);
  return Uint8Array.of(octet);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Is `line` (without CRLF) what `pattern` says? */
export function matches(pattern: string, line: string): boolean {
  const source = pattern.replace(/\\(.)|[.*+?^${}()|[\]\\]/g, (special, literal?: string) => {
    if (literal !== undefined) return RegExp.escape(literal);
    if (special === "*") return ".*";
    return special === "?" ? "[0-9]" : RegExp.escape(special);
  });
  return new RegExp(`^${source}$`, "su").test(line);
}

/** Why the lines are not what the patterns say; undefined when they are. */
export function mismatch(
  patterns: readonly string[],
  lines: readonly string[],
): string | undefined {
  let at = 0;
  for (const pattern of patterns) {
    if (/^[0-9?]{3}-\*$/.test(pattern)) {
      while (at < lines.length && matches(pattern, lines[at] ?? "")) at += 1;
      continue;
    }
    const line = lines[at];
    if (line === undefined) return `expected "${pattern}", got nothing`;
    if (!matches(pattern, line)) return `expected "${pattern}", got "${line}"`;
    at += 1;
  }
  return at === lines.length ? undefined : `expected nothing more, got "${lines[at]}"`;
}

/**
 * `bytes` in pieces; each a copy, so that a reader which keeps what it does not own is found out.
 */
export function segments(bytes: Uint8Array, cutting: Cutting, random: Random): Uint8Array[] {
  if (cutting === "whole") return [bytes.slice()];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = cutting === "byte by byte" ? 1 : 1 + random.below(1 + random.below(60));
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}
