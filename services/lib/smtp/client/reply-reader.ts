/** Replies of a server from bytes, at any segmentation (RFC 5321 §4.2). */
import type { HeardReplyCode, Reply } from "../reply.ts";
import { parseStatus } from "../status.ts";

export type ReplyRead =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** No SMTP: the session is lost. */
  | { readonly kind: "garbage"; readonly reason: string };

/** RFC 5321 §4.5.3.1.5 says 512; servers send more. */
const lineLengthMax = 2_048;
const linesMax = 100;
/**
 * Text kept of one reply, in octets: a server may say a hundred long lines to each of a thousand
 * recipients. What is behind it is read and dropped; the code is what counts.
 */
const keptBytesMax = 4_096;
const cr = 13;
const lf = 10;
const blank = 32;
const dash = 45;

const utf8 = new TextDecoder();
const empty = new Uint8Array();

export class ReplyReader {
  /** What was received and not read yet. */
  #rest: Uint8Array = empty;
  /** Lines of a reply that is not whole yet, and their code. */
  #lines: string[] = [];
  #code = 0;
  #lineCount = 0;
  #keptBytes = 0;

  /** Octets that wait: of a reply that is not whole yet, or of a further one. */
  get pending(): number {
    return this.#rest.length;
  }

  /** `bytes` are copied only when something of an earlier segment is still waiting. */
  push(bytes: Uint8Array): void {
    if (this.#rest.length === 0) {
      this.#rest = bytes;
      return;
    }
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    this.#rest = joined;
  }

  /** Copies what waits: the array pushed last is its owner's again. */
  keep(): void {
    this.#rest = this.#rest.length === 0 ? empty : this.#rest.slice();
  }

  /** The next whole reply; undefined until more was pushed. */
  next(): ReplyRead | undefined {
    for (;;) {
      const end = this.#rest.indexOf(lf);
      if (end > lineLengthMax + 1 || (end === -1 && this.#rest.length > lineLengthMax + 1)) {
        return garbage("reply line too long");
      }
      if (end === -1) return undefined;
      // LF alone ends a line, too: old servers send it, and whatever follows is the server's own.
      const length = end > 0 && this.#rest[end - 1] === cr ? end - 1 : end;
      const read = this.#line(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(end + 1);
      if (read !== undefined) return read;
    }
  }

  /** Undefined: a further line of the reply follows. */
  #line(line: Uint8Array): ReplyRead | undefined {
    const code = codeOf(line);
    // The code may stand alone: RFC 5321 §4.2 wants a blank behind it, not every server sends one.
    const separator = line[3] ?? blank;
    if (code === undefined || (separator !== blank && separator !== dash)) {
      return garbage("not an SMTP reply");
    }
    const isFirst = this.#lineCount === 0;
    // RFC 5321 §4.2.1: the code is the same in all lines.
    if (!isFirst && code !== this.#code) return garbage("codes differ in one reply");
    if (this.#lineCount >= linesMax) return garbage("reply has too many lines");
    this.#code = code;
    this.#lineCount += 1;
    this.#keep(line.subarray(4));
    if (separator === dash) return undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#lineCount = 0;
    this.#keptBytes = 0;
    return { kind: "reply", reply: heardReply(code, lines) };
  }

  /** The first line always: it is no longer than a line may be. */
  #keep(text: Uint8Array): void {
    this.#keptBytes += text.length;
    if (this.#keptBytes <= keptBytesMax) this.#lines.push(utf8.decode(text));
  }
}

/**
 * 200 to 599. RFC 5321 §4.2.1 knows no second digit beyond 5, but servers say 571 and 590, and
 * §4.3.2 lets a client go by the first digit alone.
 */
function codeOf(line: Uint8Array): HeardReplyCode | undefined {
  const [first = 0, second = 0, third = 0] = line;
  if (first < 0x32 || first > 0x35 || !isDigit(second) || !isDigit(third)) return undefined;
  const code = (first - 0x30) * 100 + (second - 0x30) * 10 + (third - 0x30);
  return code as HeardReplyCode; // The line above is the validation.
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}

/** A reply of another's: a status whose class disagrees with the code is dropped (STYLE §14.2). */
function heardReply(code: HeardReplyCode, lines: readonly string[]): Reply {
  const replyClass = Math.floor(code / 100);
  const first = parseStatus(lines[0] ?? "");
  const status = first !== undefined && Number(first[0]) === replyClass ? first : undefined;
  const texts = lines.map((line) => printable(status === undefined ? line : without(status, line)));
  const made = {
    class: replyClass,
    code,
    lines: texts,
    ...(status === undefined ? {} : { status }),
  };
  return made as Reply; // Class and status were just taken from, or compared with, the code.
}

/** RFC 2034 §4: a status stands in each line; what stands behind it is the text. */
function without(status: string, line: string): string {
  if (!line.startsWith(status)) return line;
  const rest = line.slice(status.length);
  return rest === "" || rest[0] === " " ? rest.trimStart() : line;
}

/** Goes into logs and notifications: control characters do not. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
}

function garbage(reason: string): ReplyRead {
  return { kind: "garbage", reason };
}
