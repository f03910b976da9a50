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
import { type LoadId, loadIdAt, loadIdText } from "./load-id.ts";

/** Bodies differ, so that one message with another's body is found out. */
const variants = 16;

const header =
  "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nFrom: Load <load@load.example>\r\n" +
  "To: Sink <sink@sink.example>\r\nSubject: load\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: text/plain; charset=us-ascii\r\n\r\n";

const dot = 46;
const lineLength = 72;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";

/** What stands before the header fields that all messages share. */
const beginningBytes = beginning({ run: "0123abcd", n: 100_000 }).length + 64 + 2;

/** Makes the messages of one size. */
export class ContentMaker {
  readonly #endings: readonly Buffer[];
  readonly #endingsOnWire: readonly Buffer[];

  /**
   * `sizeBytes` is met, but for the digits of the id, where it is more than the header section
   * needs.
   */
  constructor(sizeBytes: number) {
    const random = seededRandom(sizeBytes);
    const bodySize = Math.max(2, sizeBytes - beginningBytes - header.length);
    this.#endings = Array.from({ length: variants }, () => {
      const ending = header + bodyOf(bodySize, (n) => random.below(n));
      const digest = createHash("sha256").update(ending, "latin1").digest("hex");
      return Buffer.from(`${digest}\r\n${ending}`, "latin1");
    });
    const end = Buffer.from(".\r\n");
    this.#endingsOnWire = this.#endings.map((it) => Buffer.concat([withTransparency(it), end]));
  }

  content(id: LoadId): Buffer {
    return joined(id, this.#endings);
  }

  /** With transparency and the final dot. */
  mailData(id: LoadId): Buffer {
    return joined(id, this.#endingsOnWire);
  }
}

function joined(id: LoadId, endings: readonly Buffer[]): Buffer {
  const ending = endings[id.n % variants] ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(beginning(id), "latin1"), ending]);
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

function beginning(id: LoadId): string {
  const name = loadIdText(id);
  return `X-Load-Id: ${name}\r\nMessage-ID: <${name}@load.example>\r\nX-Load-Digest: `;
}

/** Lines of text, some of which begin with a dot: transparency is always under test. */
function bodyOf(size: number, below: (n: number) => number): string {
  let body = "";
  while (body.length < size - 2) {
    let line = "";
    while (line.length < lineLength) line += letters.charAt(below(letters.length));
    body += `${line}\r\n`;
  }
  return `${body.slice(0, size - 2).replace(/\r$/, ".")}\r\n`;
}
