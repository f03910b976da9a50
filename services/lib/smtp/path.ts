/** Mailboxes and paths (RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3). */
import { parseAddressLiteral } from "./address-literal.ts";
import { isAscii, isAtext } from "./ascii.ts";
import { parseDomain } from "./domain.ts";

/**
 * A mailbox as it stands between `<` and `>`, checked; empty for the null reverse-path. Only the
 * parser here makes one.
 */
export type PathText = string & { readonly __brand: "PathText" };

/** `<>`: nothing to be parsed (RFC 5321 §4.5.5). */
export const nullReversePath = "" as PathText;

/** Lower-case A-labels, no trailing dot. */
export type Domain = string & { readonly __brand: "Domain" };

/** As written in brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export type AddressLiteral = string & { readonly __brand: "AddressLiteral" };

export type Mailbox = {
  /** Unquoted and with its case: `Joe`, `joe smith`. */
  readonly localPart: string;
  /**
   * As it goes over the wire again, one form for each mailbox: local part (quoted only where it
   * must be) and domain in lower-case A-labels.
   */
  readonly text: PathText;
} & ({ readonly domain: Domain } | { readonly addressLiteral: AddressLiteral });

/** `null` is the null reverse-path `<>`. */
export type ReversePath = Mailbox | null;

/** RCPT TO:<Postmaster> has no domain (RFC 5321 §4.1.1.3). */
export type ForwardPath = Mailbox | { readonly postmaster: string };

export type PathParse<Path> =
  | {
      readonly ok: true;
      readonly path: Path;
      /** What follows the closing `>`: the parameters. */
      readonly rest: string;
      /** It needs SMTPUTF8 (RFC 6531 §3.1). */
      readonly isInternational: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.3, in octets. */
const localPartLengthMax = 64;
const pathLengthMax = 256;

/** Reads `<mailbox>` or `<>` at the start of `text`. */
export function parseReversePath(text: string): PathParse<ReversePath> {
  if (text.startsWith("<>")) {
    return { ok: true, path: null, rest: text.slice(2), isInternational: false };
  }
  return parsePath(text);
}

/** Reads `<mailbox>` or `<Postmaster>` at the start of `text`. */
export function parseForwardPath(text: string): PathParse<ForwardPath> {
  const name = text.slice(1, 11);
  if (text.startsWith("<") && text[11] === ">" && name.toLowerCase() === "postmaster") {
    return { ok: true, path: { postmaster: name }, rest: text.slice(12), isInternational: false };
  }
  return parsePath(text);
}

/** A mailbox without its angle brackets; undefined when it is none. */
export function parseMailbox(text: string): Mailbox | undefined {
  const parsed = parsePath(`<${text}>`);
  return parsed.ok && parsed.rest === "" ? parsed.path : undefined;
}

function parsePath(text: string): PathParse<Mailbox> {
  if (!text.startsWith("<")) return refused("a path begins with <");
  const start = afterSourceRoute(text);
  if (start === undefined) return refused("bad source route");
  const local = readLocalPart(text, start);
  if (local === undefined) return refused("bad local part");
  if (byteLength(local.text) > localPartLengthMax) return refused("local part too long");
  if (text[local.end] !== "@") return refused("no @ after the local part");
  const hostStart = local.end + 1;
  const end = endOfHost(text, hostStart);
  if (end === undefined) return refused("no > at the end of the path");
  const mailbox = mailboxOf(local, text.slice(hostStart, end));
  if (mailbox === undefined) return refused("bad domain");
  if (byteLength(mailbox.text) + 2 > pathLengthMax) return refused("path too long");
  const isInternational = !isAscii(text.slice(start, end));
  return { ok: true, path: mailbox, rest: text.slice(end + 1), isInternational };
}

interface LocalPart {
  /** As it goes over the wire again. */
  readonly text: string;
  readonly value: string;
  readonly end: number;
}

/** RFC 5321 §4.1.1.3: source routes are taken and ignored. */
function afterSourceRoute(text: string): number | undefined {
  if (text[1] !== "@") return 1;
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  const hops = text.slice(1, colon).split(",");
  const isRoute = hops.every((hop) => hop[0] === "@" && parseDomain(hop.slice(1)) !== undefined);
  return isRoute ? colon + 1 : undefined;
}

function readLocalPart(text: string, start: number): LocalPart | undefined {
  return text[start] === '"' ? readQuoted(text, start) : readDotString(text, start);
}

/** Atom *("." Atom) */
function readDotString(text: string, start: number): LocalPart | undefined {
  let end = start;
  let atomStart = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (isAtext(code)) continue;
    if (text[end] !== "." || end === atomStart) break;
    atomStart = end + 1;
  }
  if (end === atomStart) return undefined;
  const value = text.slice(start, end);
  return { text: value, value, end };
}

/** DQUOTE *QcontentSMTP DQUOTE; what need not be quoted is not quoted again. */
function readQuoted(text: string, start: number): LocalPart | undefined {
  let value = "";
  let at = start + 1;
  for (; at < text.length && text[at] !== '"'; at++) {
    const isEscaped = text[at] === "\\";
    if (isEscaped) at += 1;
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code < 32 || code === 127) return undefined;
    value += text[at];
  }
  if (text[at] !== '"') return undefined;
  return { text: quotedIfNeeded(value), value, end: at + 1 };
}

function quotedIfNeeded(value: string): string {
  const plain = readDotString(value, 0);
  if (plain?.end === value.length) return value;
  let quoted = '"';
  for (const character of value) {
    quoted += character === '"' || character === "\\" ? `\\${character}` : character;
  }
  return `${quoted}"`;
}

/** The index of the `>` behind a domain or a literal, which may hold anything but brackets. */
function endOfHost(text: string, start: number): number | undefined {
  const from = text[start] === "[" ? text.indexOf("]", start) : start;
  if (from === -1) return undefined;
  const end = text.indexOf(">", from);
  return end === -1 ? undefined : end;
}

function mailboxOf(local: LocalPart, host: string): Mailbox | undefined {
  const localPart = local.value;
  if (host.startsWith("[")) {
    const addressLiteral = parseAddressLiteral(host);
    if (addressLiteral === undefined) return undefined;
    return { localPart, text: `${local.text}@${host}` as PathText, addressLiteral };
  }
  const domain = parseDomain(host);
  if (domain === undefined) return undefined;
  return { localPart, text: `${local.text}@${domain}` as PathText, domain };
}

function byteLength(text: string): number {
  return isAscii(text) ? text.length : new TextEncoder().encode(text).length;
}

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
