/**
 * The codes of the replies in a stream of octets: the last line of each has a blank behind the
 * code.
 */

/** `lines`: what stands behind the codes of a reply of several lines; else none. */
export type Heard = (code: number, lines: readonly string[]) => void;

const lineFeed = 10;
const hyphen = 45;
const zero = 48;
const lineMax = 65_536;
const linesMax = 100;
const none: readonly string[] = [];

export class ReplyCodes {
  #unread: Buffer | undefined;
  #lines: string[] = [];

  /** `bytes` is valid only during the call. @throws for what is no reply */
  read(bytes: Uint8Array, heard: Heard): void {
    const isAlone = this.#unread === undefined && this.#lines.length === 0;
    if (isAlone && isOneLine(bytes)) heard(codeAt(bytes, 0), none);
    else this.#readLines(bytes, heard);
  }

  /** The connection is another one. */
  forget(): void {
    this.#unread = undefined;
    this.#lines = [];
  }

  #readLines(bytes: Uint8Array, heard: Heard): void {
    const arrived = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const input = this.#unread === undefined ? arrived : Buffer.concat([this.#unread, arrived]);
    this.#unread = undefined;
    let at = 0;
    for (;;) {
      const end = input.indexOf(lineFeed, at);
      if (end < 0) break;
      this.#line(input.subarray(at, end + 1), heard);
      at = end + 1;
    }
    if (input.length - at > lineMax) throw new Error("Cannot read a reply: its line does not end");
    if (at < input.length) this.#unread = Buffer.from(input.subarray(at));
  }

  #line(line: Buffer, heard: Heard): void {
    const code = codeAt(line, 0);
    const isLast = line[3] !== hyphen;
    const isOfSeveral = !isLast || this.#lines.length > 0;
    if (isOfSeveral && this.#lines.length < linesMax) {
      this.#lines.push(line.toString("latin1", 4).trimEnd());
    }
    if (!isLast) return;
    const lines = isOfSeveral ? this.#lines : none;
    if (isOfSeveral) this.#lines = [];
    heard(code, lines);
  }
}

/** One line, and nothing else: what nearly all replies are. */
function isOneLine(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  return last >= 3 && bytes[3] !== hyphen && bytes.indexOf(lineFeed) === last;
}

function codeAt(bytes: Uint8Array, at: number): number {
  const [a, b, c] = [digitAt(bytes, at), digitAt(bytes, at + 1), digitAt(bytes, at + 2)];
  if (a >= 2 && a <= 5 && b >= 0 && c >= 0) return a * 100 + b * 10 + c;
  const line = Buffer.from(bytes.subarray(at, at + 40))
    .toString("latin1")
    .trimEnd();
  throw new Error(`Cannot read the reply ${JSON.stringify(line)}`);
}

/** Below 0: none. */
function digitAt(bytes: Uint8Array, at: number): number {
  const digit = (bytes[at] ?? 0) - zero;
  return digit <= 9 ? digit : -1;
}
