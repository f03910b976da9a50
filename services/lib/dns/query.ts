/** Queries and responses on the wire: what is asked, and whether what comes back answers it. */
import { type Answer, decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { Random } from "../random.ts";

export type QueryType = "MX" | "A" | "AAAA" | "TXT";

export interface Question {
  /** Checked by `queryName`. */
  readonly name: string;
  readonly type: QueryType;
}

export interface Query {
  readonly question: Question;
  readonly bytes: Uint8Array;
}

export interface Response {
  /** RFC 1035 §4.1.1, with the upper bits of RFC 6891 §6.1.3. */
  readonly code: number;
  readonly isAuthoritative: boolean;
  readonly offersRecursion: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

export type Reading =
  | { readonly kind: "response"; readonly response: Response }
  /** Ask again over TCP. */
  | { readonly kind: "truncated" }
  /** The question came back in other case: from a lax server, or from somebody who guessed it. */
  | { readonly kind: "otherCase" }
  | { readonly kind: "malformed" };

/** The value of DNS flag day 2020: fits every path without fragments. */
const udpPayloadBytes = 1_232;
const headerBytes = 12;
const questionTailBytes = 4;
const idCount = 65_536;
const responseFlag = 0x80;

export interface QueryOptions {
  readonly random: Random;
  /** Say how much may come by UDP (RFC 6891). Servers that know nothing of it say FORMERR. */
  readonly withEdns: boolean;
}

export function makeQuery(question: Question, { random, withEdns }: QueryOptions): Query {
  const bytes = encode({
    type: "query",
    id: random.below(idCount),
    flags: RECURSION_DESIRED,
    questions: [{ ...question, name: inRandomCase(question.name, random), class: "IN" }],
    additionals: withEdns ? [edns()] : [],
  });
  return { question, bytes };
}

/** Id and question are those of the query: RFC 5452 §9.1. */
export function isResponseTo(query: Query, bytes: Uint8Array): boolean {
  if (bytes.length < headerBytes || bytes[0] !== query.bytes[0] || bytes[1] !== query.bytes[1]) {
    return false;
  }
  if (((bytes[2] ?? 0) & responseFlag) === 0) return false;
  if (questionCount(bytes) === 0) return lowCode(bytes) !== 0; // An error may come without the question.
  return questionCount(bytes) === 1 && isSameQuestion(query, bytes, lowerCase);
}

/** What `isResponseTo` took. */
export function readResponse(query: Query, bytes: Uint8Array): Reading {
  const hasQuestion = questionCount(bytes) > 0;
  if (hasQuestion && !isSameQuestion(query, bytes, asItIs)) return { kind: "otherCase" };
  try {
    const packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (packet.flag_tc) return { kind: "truncated" };
    const answers = packet.answers ?? [];
    const response: Response = {
      code: lowCode(bytes) + 16 * upperCode(packet.additionals ?? []),
      isAuthoritative: packet.flag_aa,
      offersRecursion: packet.flag_ra,
      answers,
      authorities: packet.authorities ?? [],
    };
    return { kind: "response", response };
  } catch {
    // A truncated response may end anywhere, even within a record.
    return { kind: isTruncated(bytes) ? "truncated" : "malformed" };
  }
}

function edns(): Answer {
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize: udpPayloadBytes,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

/**
 * Servers give the question back as it was: each letter's case is one more bit that must be
 * guessed.
 */
function inRandomCase(name: string, random: Random): string {
  let text = "";
  for (const character of name) {
    text += random.below(2) === 0 ? character : character.toUpperCase();
  }
  return text;
}

const asItIs = (octet: number) => octet;
const lowerCase = (octet: number) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet);

function isSameQuestion(
  query: Query,
  bytes: Uint8Array,
  normalize: (octet: number) => number,
): boolean {
  // Each label costs its length octet, and the root one more: two octets more than the text.
  const end = headerBytes + query.question.name.length + 2 + questionTailBytes;
  if (bytes.length < end) return false;
  for (let i = headerBytes; i < end; i++) {
    if (normalize(bytes[i] ?? 0) !== normalize(query.bytes[i] ?? 0)) return false;
  }
  return true;
}

function questionCount(bytes: Uint8Array): number {
  return ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
}

function lowCode(bytes: Uint8Array): number {
  return (bytes[3] ?? 0) & 0x0f;
}

function isTruncated(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x02) !== 0;
}

function upperCode(additionals: readonly Answer[]): number {
  for (const record of additionals) if (record.type === "OPT") return record.extendedRcode;
  return 0;
}
