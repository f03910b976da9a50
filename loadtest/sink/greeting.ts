/** What a sink says of itself. */

export const capabilities = [
  "PIPELINING",
  "SIZE",
  "8BITMIME",
  "CHUNKING",
  "SMTPUTF8",
  "DSN",
  "ENHANCEDSTATUSCODES",
  "STARTTLS",
  "AUTH",
] as const;

export type Capability = (typeof capabilities)[number];

export interface Greeting {
  readonly hostname: string;
  /** Of ESMTP, not to be offered. `EHLO` itself: 502, so that only HELO is left. */
  readonly withheld: readonly (Capability | "EHLO")[];
  /** RFC 1870: the number behind SIZE, 0 for none. Whether it is kept to is the peer's business. */
  readonly sizeMax: number;
}

export interface Circumstances {
  /** There is a certificate, and TLS has not started. */
  readonly canStartTls: boolean;
}

export function ehloReply(greeting: Greeting, { canStartTls }: Circumstances): string {
  const offered = capabilities.filter(
    (it) => !greeting.withheld.includes(it) && (it !== "STARTTLS" || canStartTls),
  );
  const lines = [greeting.hostname, ...offered.map((it) => keyword(it, greeting))];
  return lines.map((it, i) => `250${i < lines.length - 1 ? "-" : " "}${it}\r\n`).join("");
}

function keyword(capability: Capability, { sizeMax }: Greeting): string {
  if (capability === "AUTH") return "AUTH PLAIN LOGIN";
  return capability === "SIZE" && sizeMax > 0 ? `SIZE ${sizeMax}` : capability;
}
