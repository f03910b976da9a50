/** The trace field `Received` that we add to what we take (RFC 5321 §4.4). */
import { dateTime } from "./date.ts";

export interface TraceStamp {
  /** What the client said in EHLO or HELO. */
  readonly helo: string;
  /** Where it really came from. */
  readonly clientAddress: string;
  /** Our name. */
  readonly hostname: string;
  readonly protocol: Protocol | HttpProtocol;
  readonly queueId: string;
  /**
   * The forward-path, only when it is the message's single one: `for` must not tell one recipient
   * of another.
   */
  readonly forPath?: string;
  readonly tls?: { readonly protocol: string; readonly cipher: string };
  readonly at: number;
}

/** What `with` says (RFC 3848, RFC 6531 §4.3). */
export interface Protocol {
  readonly isExtended: boolean;
  readonly isTls: boolean;
  readonly isAuthenticated: boolean;
  readonly isSmtpUtf8: boolean;
}

/** Not registered, but an Atom, as RFC 5321 §4.4 wants it; what others write, too. */
export type HttpProtocol = "HTTP" | "HTTPS";

/** RFC 5321 §4.5.3.1.2: a domain has at most 255 octets. */
const heloLengthMax = 255;

/** The whole field with its folding and the last line end. */
export function receivedField(stamp: TraceStamp): string {
  const address = addressLiteral(stamp.clientAddress);
  const from = heloOf(stamp.helo) ?? address;
  const tls = stamp.tls === undefined ? "" : `\r\n\t(${stamp.tls.protocol} ${stamp.tls.cipher})`;
  const forClause = stamp.forPath === undefined ? "" : `\r\n\tfor <${stamp.forPath}>`;
  return (
    `Received: from ${from} (${address})${tls}\r\n` +
    `\tby ${stamp.hostname} with ${protocolName(stamp.protocol)} id ${stamp.queueId}${forClause};\r\n` +
    `\t${dateTime(stamp.at)}\r\n`
  );
}

/** The registered name of a transmission type: SMTP, ESMTPSA, UTF8SMTPS … */
export function protocolName(protocol: Protocol | HttpProtocol): string {
  if (typeof protocol === "string") return protocol;
  const { isExtended, isTls, isAuthenticated, isSmtpUtf8 } = protocol;
  // HELO knows no extensions, but AUTH and STARTTLS survive a HELO that follows them.
  if (!isExtended && !isTls && !isAuthenticated && !isSmtpUtf8) return "SMTP";
  const base = isSmtpUtf8 ? "UTF8SMTP" : "ESMTP";
  return `${base}${isTls ? "S" : ""}${isAuthenticated ? "A" : ""}`;
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). */
export function addressLiteral(address: string): string {
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}

/** The client's words with whatever could break the field's syntax, or is not ASCII, replaced. */
function heloOf(helo: string): string | undefined {
  const safe = helo.slice(0, heloLengthMax).replace(/[^A-Za-z0-9._:[\]-]/g, "?");
  return safe === "" ? undefined : safe;
}
