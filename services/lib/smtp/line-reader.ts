/**
 * Command lines from bytes, at any segmentation. A line ends with CRLF and nothing else
 * (RFC 5321 §2.3.8); a bare CR, a bare LF or a NUL spoils it, and it is never two lines.
 */

export type Line =
  /** Without CRLF. */
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "bad"; readonly fault: LineFault };

export type LineFault = "tooLong" | "bareCrOrLf" | "nul" | "badUtf8";

const cr = 13;
const lf = 10;
const empty = new Uint8Array();
const utf8 = new TextDecoder("utf-8");
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class LineReader {
  /** What was received and not read yet. */
  #buffer: Uint8Array = empty;
  #at = 0;
  /** Octets behind `#at` known to end no line: a client that sends octet by octet costs no more. */
  #searched = 0;
  /** The rest of a line that was reported as too long is dropped up to its CRLF. */
  #isDropping = false;
  #endsInCr = false;

  /** Bytes waiting to be read. */
  get pending(): number {
    return this.#buffer.length - this.#at;
  }

  /** `bytes` are copied only when something of an earlier segment is still waiting. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.pending === 0) {
      this.#buffer = bytes;
    } else {
      const joined = new Uint8Array(this.pending + bytes.length);
      joined.set(this.#buffer.subarray(this.#at));
      joined.set(bytes, this.pending);
      this.#buffer = joined;
    }
    this.#at = 0;
  }

  /** The next line, or undefined until more was pushed. `lengthMax` counts without CRLF. */
  next(lengthMax: number): Line | undefined {
    if (this.#isDropping && !this.#drop()) return undefined;
    const end = this.#endOfLine();
    if (end === -1) {
      this.#searched = this.pending;
      if (this.pending <= lengthMax + 1) return undefined;
      this.#isDropping = true;
      this.#drop();
      return { kind: "bad", fault: "tooLong" };
    }
    const line = this.#buffer.subarray(this.#at, end);
    this.#skipTo(end + 2);
    return readLine(line, lengthMax);
  }

  /** Everything that waits, for who reads on: the content behind DATA. */
  take(): Uint8Array {
    const rest = this.#buffer.subarray(this.#at);
    this.#buffer = empty;
    this.#skipTo(0);
    return rest;
  }

  /**
   * Copies what waits: the array it was pushed in is its owner's again.
   * To be called before the caller of `push` reuses it.
   */
  keep(): void {
    if (this.pending === 0) this.#buffer = empty;
    else this.#buffer = this.#buffer.slice(this.#at);
    this.#at = 0;
  }

  #skipTo(at: number): void {
    this.#at = at;
    this.#searched = 0;
  }

  #endOfLine(): number {
    let from = this.#at + this.#searched;
    for (;;) {
      const at = this.#buffer.indexOf(lf, from);
      if (at === -1) return -1;
      if (at > this.#at && this.#buffer[at - 1] === cr) return at - 1;
      from = at + 1;
    }
  }

  /** Skips to the end of an over-long line; false: it is not there yet. */
  #drop(): boolean {
    const isCut = this.#endsInCr && this.pending > 0 && this.#buffer[this.#at] === lf;
    const end = isCut ? this.#at - 1 : this.#endOfLine();
    if (end === -1 && !isCut) {
      if (this.pending > 0) this.#endsInCr = this.#buffer.at(-1) === cr;
      this.#skipTo(this.#buffer.length);
      return false;
    }
    this.#skipTo(end + 2);
    this.#isDropping = false;
    this.#endsInCr = false;
    return true;
  }
}

function readLine(line: Uint8Array, lengthMax: number): Line {
  if (line.length > lengthMax) return bad("tooLong");
  let isAscii = true;
  // By index: iterating costs ten times as much.
  for (let i = 0; i < line.length; i++) {
    const octet = line[i] ?? 0;
    if (octet === 0) return bad("nul");
    if (octet === cr || octet === lf) return bad("bareCrOrLf");
    if (octet > 127) isAscii = false;
  }
  if (isAscii) return { kind: "line", text: utf8.decode(line) };
  try {
    return { kind: "line", text: strictUtf8.decode(line) };
  } catch {
    return bad("badUtf8");
  }
}

function bad(fault: LineFault): Line {
  return { kind: "bad", fault };
}
