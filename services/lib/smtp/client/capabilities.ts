/** What a server offers, from its reply to EHLO (RFC 5321 §4.1.1.1). */
import { parseDecimal } from "../ascii.ts";
import type { Reply } from "../reply.ts";

export interface Capabilities {
  readonly pipelining: boolean;
  readonly startTls: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  /** SIZE offered, and its limit: 0 for none (RFC 1870 §4). */
  readonly size?: number;
}

/** After HELO, or before any greeting. */
export const noCapabilities: Capabilities = {
  pipelining: false,
  startTls: false,
  eightBitMime: false,
  smtpUtf8: false,
  dsn: false,
};

/** The first line is the greeting; each other a keyword with parameters. */
export function readCapabilities(reply: Reply): Capabilities {
  const keywords = new Map<string, string>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = "", parameter = ""] = line.trim().split(/[ =]+/, 2);
    keywords.set(keyword.toUpperCase(), parameter);
  }
  const size = keywords.get("SIZE");
  return {
    pipelining: keywords.has("PIPELINING"),
    startTls: keywords.has("STARTTLS"),
    eightBitMime: keywords.has("8BITMIME"),
    smtpUtf8: keywords.has("SMTPUTF8"),
    dsn: keywords.has("DSN"),
    ...(size === undefined ? {} : { size: parseDecimal(size, 15) ?? 0 }),
  };
}
