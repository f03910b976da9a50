/** What a response says of a name: its records, another name, that there are none, or nothing. */
import type { Answer as Rr, StringAnswer } from "dns-packet";
import { isWithin, receivedName } from "./name.ts";
import type { Response } from "./query.ts";

/** Reads one record; undefined when it is of another type. */
export type ReadRecord<T> = (record: Rr) => T | undefined;

export type Order<T> = (a: T, b: T) => number;

export type Statement<T> =
  | { readonly kind: "records"; readonly records: readonly T[]; readonly ttlMs: number }
  /** The chain of CNAMEs leaves this response: ask for the target. */
  | { readonly kind: "alias"; readonly target: string; readonly ttlMs: number }
  /** `ttlMs` is 0 where the response does not say for how long (RFC 2308 §5). */
  | { readonly kind: "none" | "nxdomain"; readonly ttlMs: number }
  | { readonly kind: "failure"; readonly reason: string };

/** Bounds a chain of CNAMEs, in one response or over several. */
export const aliasesMax = 8;
/** Nobody has more in earnest; a response over TCP could hold thousands. */
const recordsMax = 256;
/** RFC 2181 §8: a TTL is 31 bits, and one with the upper bit set is zero. */
const ttlMaxSeconds = 2 ** 31 - 1;

const noError = 0;
const nameError = 3;
const codeNames: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  4: "NOTIMP",
  5: "REFUSED",
};

/**
 * Why a response is no answer, so that another server should be asked; undefined when it is one.
 */
export function faultOf(response: Response): string | undefined {
  const { code, answers, authorities } = response;
  if (code !== noError && code !== nameError) return codeNames[code] ?? `response code ${code}`;
  if (answers.length > 0 || response.isAuthoritative || authorities.some(isSoa)) return undefined;
  // RFC 2308 §2.2: an answer without SOA may be "no data"; one that points elsewhere is none.
  const isReferral = authorities.some(({ type }) => type === "NS");
  return isReferral || !response.offersRecursion ? "no recursion" : undefined;
}

/** What a response without fault says of `name`. */
export function statementOf<T>(
  response: Response,
  name: string,
  read: ReadRecord<T>,
  /** Which are kept of too many: those that it puts first. */
  order?: Order<T>,
): Statement<T> {
  let at = name;
  let ttlMs = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= aliasesMax; aliases++) {
    const own = response.answers.filter((record) => isOf(record, at));
    const records = recordsIn(own, read, order);
    if (records.length > 0) {
      return { kind: "records", records, ttlMs: Math.min(ttlMs, ...own.map(ttlOf)) };
    }
    const alias = own.filter(isCname)[0];
    if (alias === undefined) return statementOfAbsence(response, at, { name, ttlMs });
    ttlMs = Math.min(ttlMs, ttlOf(alias));
    at = receivedName(alias.data);
  }
  return { kind: "failure", reason: `${name} has too many CNAMEs` };
}

function recordsIn<T>(own: readonly Rr[], read: ReadRecord<T>, order: Order<T> | undefined): T[] {
  const records = own.map(read).filter((record) => record !== undefined);
  if (records.length <= recordsMax) return records;
  return (order === undefined ? records : records.sort(order)).slice(0, recordsMax);
}

interface Chain {
  /** Where it begins. */
  readonly name: string;
  readonly ttlMs: number;
}

function statementOfAbsence(response: Response, at: string, chain: Chain): Statement<never> {
  const soa = response.authorities.find(
    (record) => record.type === "SOA" && isWithin(at, receivedName(record.name)),
  );
  const ttlMs = Math.min(chain.ttlMs, soa === undefined ? 0 : negativeTtl(soa));
  // RFC 6604 §3: with CNAMEs the code tells of the last name.
  if (response.code === nameError) return { kind: "nxdomain", ttlMs };
  if (soa !== undefined) return { kind: "none", ttlMs };
  if (at !== chain.name) return { kind: "alias", target: at, ttlMs: chain.ttlMs };
  if (response.answers.length > 0) {
    return { kind: "failure", reason: `${at}: the answer tells of something else` };
  }
  return { kind: "none", ttlMs };
}

function isSoa({ type }: Rr): boolean {
  return type === "SOA";
}

function isOf(record: Rr, name: string): boolean {
  if (record.type === "OPT" || (record.class ?? "IN") !== "IN") return false;
  return receivedName(record.name) === name;
}

function isCname(record: Rr): record is StringAnswer {
  return record.type === "CNAME";
}

function ttlOf(record: Rr): number {
  const seconds = record.type === "OPT" ? 0 : (record.ttl ?? 0);
  return seconds < 0 || seconds > ttlMaxSeconds ? 0 : seconds * 1_000;
}

/** RFC 2308 §5: the lesser of the SOA's own TTL and its minimum. */
function negativeTtl(soa: Rr): number {
  const minimum = soa.type === "SOA" ? (soa.data.minimum ?? 0) : 0;
  return Math.min(ttlOf(soa), minimum * 1_000);
}
