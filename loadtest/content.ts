/**
 * What the source sends, and how the sink knows it again: everything from `X-Load-Id` on must come
 * as it was sent, whatever trace fields stand above it.
 *
 *     X-Load-Id: <run>-<n>
 *     Message-ID: <<run>-<n>@load.example>
 *     X-Load-Digest: <SHA-256 of what follows this line>
 */
import { createHash } from "node:crypto";
import { seededRandom } from "#lib/random";
import { fieldStart, loadIdAt } from "./load-id.ts";
import { NumberedOctets } from "./numbered-octets.ts";

/** Bodies differ, so that one message with another's body is found out; of large ones fewer do. */
const variantsOf = (sizeBytes: number) => (sizeBytes > 262_144 ? 4 : 16);

const header =
  "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: Load <load@load.example>\r\n" +
  "To: Sink <sink@sink.example>\r\nSubject: load\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: text/plain; charset=us-ascii\r\n\r\n";

const dot = 46;
const lineLength = 72;
const lineCount = 512;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";

/** What stands before the header fields that all messages share. */
const beginningBytes = beginning("0123abcd").join("100000").length + 64 + 2;

/** How it goes: behind a 354, with transparency and the final dot, or as the one chunk of a BDAT. */
export type Form = "data" | "bdat";

export interface ContentOptions {
  /** Met, but for the digits of the number, where it is more than the header section needs. */
  readonly sizeBytes: number;
  readonly run: string;
  /** Header fields that come first, and are not of the digest. */
  readonly above?: string;
}

/** Makes the messages of one size: all octets but the number stay where they are. */
export class ContentMaker {
  readonly #options: ContentOptions;
  readonly #endings: readonly Buffer[];
  readonly #made = new Map<Form | "plain", readonly NumberedOctets[]>();

  constructor(options: ContentOptions) {
    this.#options = options;
    const random = seededRandom(options.sizeBytes);
    const bodySize = Math.max(2, options.sizeBytes - beginningBytes - header.length);
    const lines = Array.from({ length: lineCount }, () => lineOf((n) => random.below(n)));
    this.#endings = Array.from({ length: variantsOf(options.sizeBytes) }, () => {
      const ending = header + bodyOf(bodySize, () => lines[random.below(lineCount)] ?? "");
      const digest = createHash("sha256").update(ending, "latin1").digest("hex");
      return Buffer.from(`${digest}\r\n${ending}`, "latin1");
    });
  }

  /** As it is, below what stands above it. Valid until the next call. */
  content(n: number): Buffer {
    return this.#with("plain", n);
  }

  /** With all that must be sent for it. Valid until the next call. */
  mailData(n: number, form: Form = "data"): Buffer {
    return this.#with(form, n);
  }

  #with(form: Form | "plain", n: number): Buffer {
    let made = this.#made.get(form);
    if (made === undefined) {
      made = this.#endings.map((ending) => this.#octets(form, ending));
      this.#made.set(form, made);
    }
    return made[n % made.length]?.with(n) ?? Buffer.alloc(0);
  }

  #octets(form: Form | "plain", ending: Buffer): NumberedOctets {
    const { run, above = "" } = this.#options;
    const [first = "", ...others] = beginning(run);
    const pieces = [`${above}${first}`, ...others];
    if (form === "plain") return new NumberedOctets(() => pieces, ending);
    if (form === "data") {
      const onWire = Buffer.concat([withTransparency(ending), Buffer.from(".\r\n")]);
      return new NumberedOctets(() => pieces, onWire);
    }
    const fixedBytes = pieces.join("").length + ending.length;
    return new NumberedOctets((digits) => {
      const sizeBytes = fixedBytes + (pieces.length - 1) * digits;
      return [`BDAT ${sizeBytes} LAST\r\n${above}${first}`, ...others];
    }, ending);
  }
}

/** RFC 5321 §4.5.2: a line that begins with a dot has another one before it on the wire. */
export function withTransparency(content: Buffer): Buffer {
  return withReplaced(content, "$1..");
}

export function withoutTransparency(content: Buffer): Buffer {
  return withReplaced(content, "$1");
}

function withReplaced(content: Buffer, replacement: string): Buffer {
  if (content[0] !== dot && content.indexOf("\r\n.", 0, "latin1") < 0) return content;
  const text = content.toString("latin1").replace(/(^|\r\n)\./g, replacement);
  return Buffer.from(text, "latin1");
}

/** Whether a message arrived as it was made. */
export function isIntact(content: Buffer): boolean {
  const at = loadIdAt(content);
  if (at < 0) return false;
  const text = content.toString("latin1", at, at + 512);
  const match = /^X-Load-Id: (\S+)\r\nMessage-ID: <(\S+)@load\.example>\r\nX-Load-Digest: /.exec(
    text,
  );
  if (match === null || match[1] !== match[2]) return false;
  const digestAt = at + match[0].length;
  const digest = content.toString("latin1", digestAt, digestAt + 64);
  const ending = content.subarray(digestAt + 66);
  return createHash("sha256").update(ending).digest("hex") === digest;
}

/** Between these stands the number. */
function beginning(run: string): readonly string[] {
  const [id, messageId] = [`${fieldStart}${run}-`, `\r\nMessage-ID: <${run}-`];
  return [id, messageId, "@load.example>\r\nX-Load-Digest: "];
}

/** Of text, some with a dot in front: transparency is always under test. */
function lineOf(below: (n: number) => number): string {
  let line = "";
  while (line.length < lineLength) line += letters.charAt(below(letters.length));
  return `${line}\r\n`;
}

function bodyOf(size: number, line: () => string): string {
  let body = "";
  while (body.length < size - 2) body += line();
  return `${body.slice(0, size - 2).replace(/\r$/, ".")}\r\n`;
}
