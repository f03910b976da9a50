/**
 * The message that a script submits, in each of the API's forms (ADR 0024). Every one carries
 * `X-Load-Id`, by which the sink counts it.
 */

/**
 * `to`: one message. `personal`: one for each recipient, from a template. `raw`: as RFC 5322 has it,
 * with a digest by which the sink tells intact from damaged.
 */
export const forms = ["to", "personal", "raw"] as const;
export type Form = (typeof forms)[number];

export interface Letter {
  readonly id: string;
  readonly recipients: number;
  readonly domain: string;
  readonly sizeBytes: number;
}

/** What is posted to `/v1/messages`. */
export interface Posted {
  /** With its question mark; "": none. */
  readonly query: string;
  readonly contentType: string;
  readonly body: string;
}

/** In hexadecimal digits. */
export type Sha256 = (text: string) => string;

const from = "load@load.example";
const line = "All work and no play makes a dull load, as every postmaster knows....\r\n";

export function posted(form: Form, letter: Letter, sha256: Sha256): Posted {
  if (form === "raw") return raw(letter, sha256);
  const headers = { "X-Load-Id": letter.id };
  const common = { from, subject: "load", headers };
  const paths = pathsOf(letter);
  if (form === "to") return json({ ...common, to: paths, text: text(letter.sizeBytes) });
  return json({
    ...common,
    recipients: paths.map((address, i) => ({ address, substitutions: { name: `N${i}` } })),
    text: `Dear {{ name }},\r\n${text(letter.sizeBytes)}`,
  });
}

function json(message: object): Posted {
  return { query: "", contentType: "application/json", body: JSON.stringify(message) };
}

function raw({ id, sizeBytes, ...letter }: Letter, sha256: Sha256): Posted {
  const digested = `Date: Tue, 24 Nov 2026 12:00:00 +0000\r
From: Load <${from}>\r
To: Sink <sink@sink.example>\r
Subject: load\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=us-ascii\r
\r
${text(sizeBytes)}`;
  const named = `X-Load-Id: ${id}\r\nMessage-ID: <${id}@load.example>\r\n`;
  const recipients = pathsOf({ id, sizeBytes, ...letter }).map((path) => `&recipient=${path}`);
  return {
    query: `?reversePath=${from}${recipients.join("")}`,
    contentType: "message/rfc822",
    body: `${named}X-Load-Digest: ${sha256(digested)}\r\n${digested}`,
  };
}

function pathsOf({ recipients, domain }: Letter): string[] {
  return Array.from({ length: recipients }, (_, i) => `load${i}@${domain}`);
}

/** Of lines that are whole. */
function text(sizeBytes: number): string {
  return line.repeat(Math.max(1, Math.ceil(sizeBytes / line.length)));
}
