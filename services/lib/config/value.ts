/** Single values of the file: what a person writes, and what the program works with. */
import ipaddr from "ipaddr.js";
import type { Endpoint } from "#lib/net/transport";
import { parseDomain } from "#lib/smtp/domain";
import type { Domain } from "#lib/smtp/path";

export type ValueParse<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint?: string };

/** What a value may be; `undefined` never gets here. */
export type ValueParser<T> = (value: unknown) => ValueParse<T>;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `300s`, `5m`, `1h30m`, `5d`: in milliseconds. */
export const duration: ValueParser<number> = (value) => {
  const text = scalarText(value);
  if (/^(?:\d{1,9}(?:ms|s|m|h|d))+$/.test(text))
    return ok(sumOf(text, /(\d+)(ms|s|m|h|d)/g, unitMs));
  const isBare = /^\d+$/.test(text);
  const hint = isBare
    ? `with a unit, such as ${text}s`
    : "a number and ms, s, m, h or d, such as 5m";
  return bad(`${quote(value)} is no span of time`, hint);
};

/** `512B`, `64KiB`, `25MiB`, `1GiB`: in bytes. */
export const size: ValueParser<number> = (value) => {
  const text = scalarText(value);
  if (/^\d{1,9}(?:B|KiB|MiB|GiB)$/.test(text)) return ok(sumOf(text, /(\d+)(\w+)/g, unitBytes));
  const [, digits] = /^(\d+) ?(?:[kmg]i?b?|b)?$/i.exec(text) ?? [];
  const letter = /[kmg]/i.exec(text)?.[0].toUpperCase();
  const likely = `${digits}${letter === undefined ? "B" : `${letter}iB`}`;
  const hint = digits === undefined ? "a number and B, KiB, MiB or GiB, such as 25MiB" : likely;
  return bad(`${quote(value)} is no size`, hint);
};

function sumOf(text: string, part: RegExp, units: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const [, digits, unit = ""] of text.matchAll(part))
    sum += Number(digits) * (units[unit] ?? 0);
  return sum;
}

/** A port to listen on; 0: any that is free. */
export const port: ValueParser<number> = (value) => {
  if (isPort(value)) return ok(value);
  const isText = typeof value === "string" && isPort(Number(value)) && value.trim() !== "";
  const hint = isText ? `without quotes: ${value}` : "a number from 1 to 65535";
  return bad(`${quote(value)} is no port`, hint);
};

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
}

/** An address to listen on. */
export const address: ValueParser<string> = (value) => {
  if (typeof value === "string" && isAddress(value)) return ok(value);
  const likely = new Map([
    ["localhost", "127.0.0.1"],
    ["*", "0.0.0.0 for all IPv4, :: for all addresses"],
  ]);
  return bad(
    `${quote(value)} is no IP address`,
    likely.get(scalarText(value)) ?? "such as 127.0.0.1 or ::1",
  );
};

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** CIDR notation. */
export const network: ValueParser<string> = (value) => {
  const text = scalarText(value);
  if (!ipaddr.isValidCIDR(text)) {
    const bits = text.includes(":") ? 128 : 32;
    const hint = isAddress(text) ? `${text}/${bits}` : "such as 192.0.2.0/24 or 2001:db8::/32";
    return bad(`${quote(value)} is no network`, hint);
  }
  if (text.endsWith("/0")) {
    return bad(
      `${text} trusts the whole Internet: an open relay`,
      "the networks of your own hosts",
    );
  }
  return ok(text);
};

export const hostname: ValueParser<Domain> = (value) => {
  const domain = typeof value === "string" ? parseDomain(value) : undefined;
  if (domain !== undefined && !isAddress(scalarText(value))) return ok(domain);
  return bad(`${quote(value)} is no host name`, "such as mta1.example.net");
};

/** A domain, or `*.example.net` for those below it. */
export const domainPattern: ValueParser<string> = (value) => {
  const text = scalarText(value);
  const isBelow = text.startsWith("*.");
  const domain = parseDomain(isBelow ? text.slice(2) : text);
  if (domain !== undefined) return ok(isBelow ? `*.${domain}` : domain);
  const hint = text.startsWith("@")
    ? text.slice(1)
    : "example.net, or *.example.net for those below";
  return bad(`${quote(value)} is no domain`, hint);
};

/** As above, or `*` for all. */
export const routePattern: ValueParser<string> = (value) =>
  value === "*" ? ok("*") : domainPattern(value);

export interface NextHop {
  readonly protocol: "smtp" | "lmtp";
  readonly host: string;
  readonly port: number;
}

const nextHopPorts = { smtp: 25, lmtp: 24 } as const;

/** `smtp://host:port`, `lmtp://host:port`; the host is a name or an address, IPv6 in brackets. */
export const nextHop: ValueParser<NextHop> = (value) => {
  const hint = "such as smtp://relay.example.net:25 or lmtp://127.0.0.1:24";
  const [, scheme, rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(scalarText(value)) ?? [];
  if (scheme !== "smtp" && scheme !== "lmtp") return bad(`${quote(value)} is no next hop`, hint);
  const at = endpointOf(rest, nextHopPorts[scheme]);
  if (at === undefined || at.port === 0) return bad(`${quote(value)} is no next hop`, hint);
  const host = isAddress(at.address) ? at.address : parseDomain(at.address);
  if (host === undefined) return bad(`${quote(value)} is no next hop`, hint);
  return ok({ protocol: scheme, host, port: at.port });
};

/** An address with or without a port. */
export function endpoint(defaultPort: number): ValueParser<Endpoint> {
  return (value) => {
    const at = isAddress(scalarText(value))
      ? { address: scalarText(value), port: defaultPort }
      : endpointOf(scalarText(value), defaultPort);
    if (at !== undefined && isAddress(at.address) && at.port > 0) return ok(at);
    return bad(`${quote(value)} is no address and port`, `such as 127.0.0.1:${defaultPort}`);
  };
}

/** A host by name or address, with or without a port. */
export function hostEndpoint(defaultPort: number): ValueParser<Endpoint> {
  return (value) => {
    const at = isAddress(scalarText(value))
      ? { address: scalarText(value), port: defaultPort }
      : endpointOf(scalarText(value), defaultPort);
    const isHost = at !== undefined && (isAddress(at.address) || isHostName(at.address));
    if (isHost && at.port > 0) return ok(at);
    return bad(`${quote(value)} is no host and port`, `such as 127.0.0.1:${defaultPort}`);
  };
}

/** Within a cluster names of one label are usual. */
function isHostName(text: string): boolean {
  return text === "localhost" || parseDomain(text) !== undefined;
}

function endpointOf(text: string, defaultPort: number): Endpoint | undefined {
  const [, literal, name, digits] =
    /^(?:\[([^\]]+)\]|([^:/@[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = literal ?? name;
  const portNumber = digits === undefined ? defaultPort : Number(digits);
  return host === undefined || !isPort(portNumber)
    ? undefined
    : { address: host, port: portNumber };
}

const argon2idForm =
  /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/;

/** What `godwit user hash` prints. The value is a secret: it is never repeated in a message. */
export const passwordHash: ValueParser<string> = (value) => {
  if (typeof value === "string" && argon2idForm.test(value)) return ok(value);
  const isOtherHash = typeof value === "string" && value.startsWith("$");
  const message = isOtherHash ? "this hash is not argon2id" : "this is no password hash";
  return bad(message, "make one with: godwit user hash");
};

const tokenHashForm = /^sha256:[0-9a-f]{64}$/;

/** What `godwit token make` prints. As with a password's it is never repeated in a message. */
export const tokenHash: ValueParser<string> = (value) => {
  if (typeof value === "string" && tokenHashForm.test(value)) return ok(value);
  return bad("this is no token's hash", "make both with: godwit token make");
};

/** Shorter ones can be guessed. */
export const tokenLengthMin = 16;

/** What operators show; a secret: it is never repeated in a message. */
export const operatorsToken: ValueParser<string> = (value) => {
  if (typeof value === "string" && value.length >= tokenLengthMin) return ok(value);
  return bad("this is no token", `at least ${tokenLengthMin} characters that nobody can guess`);
};

/** RFC 9110 §5.6.2. */
export const headerName: ValueParser<string> = (value) => {
  if (typeof value === "string" && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(value)) return ok(value);
  return bad(`${quote(value)} is no name of a header`, "such as authorization");
};

/** May be a secret: it is never repeated in a message. RFC 9110 §5.5, without obs-text. */
export const headerValue: ValueParser<string> = (value) => {
  if (typeof value === "string" && /^[ -~]+$/.test(value)) return ok(value);
  return bad("this is no value of a header", "printable ASCII, such as Bearer …");
};

export function ok<T>(value: T): ValueParse<T> {
  return { ok: true, value };
}

export function bad(message: string, hint: string): ValueParse<never> {
  return { ok: false, message, hint };
}

/** Of a group or list none: one that has a key `toString` cannot be made a text. */
export function scalarText(value: unknown): string {
  return typeof value === "object" ? "" : String(value);
}

/** A value as it may stand in a message. */
export function quote(value: unknown): string {
  if (value === null) return "nothing";
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
