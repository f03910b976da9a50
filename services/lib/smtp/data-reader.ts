/**
 * Mail data from bytes, at any segmentation, up to CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4).
 * What is wrong with it is told only at its true end, so that nothing inside is ever taken for a
 * command (ADR 0005). Takes transparency dots away (§4.5.2).
 */

export type MailData =
  | { readonly kind: "content"; readonly content: Uint8Array }
  | { readonly kind: "refused"; readonly fault: DataFault };

export type DataFault = "bareCrOrLf" | "lineTooLong" | "tooBig";

export interface DataLimits {
  /** Octets of content, transparency dots included. */
  readonly sizeMax: number;
  /** Octets of a line without CRLF and transparency dot. */
  readonly lineMax: number;
}

const cr = 13;
const lf = 10;
const dot = 46;
const firstCapacity = 8_192;
const terminator = Uint8Array.of(cr, lf, dot, cr, lf);
/** Octets kept of what is dropped, to find a terminator that is cut. */
const tailLength = terminator.length - 1;

export class DataReader {
  readonly #limits: DataLimits;
  /** Begins with a CRLF that was not sent: the end may be the very first line. */
  #buffer: Uint8Array;
  #length = 2;
  #isTooBig = false;
  #result: MailData | undefined;

  /** `expectedSize` as declared by the client, to allocate once. */
  constructor(limits: DataLimits, expectedSize = 0) {
    this.#limits = limits;
    const expected = Math.min(expectedSize, limits.sizeMax) + terminator.length + 2;
    this.#buffer = new Uint8Array(Math.max(firstCapacity, expectedSize === 0 ? 0 : expected));
    this.#buffer[0] = cr;
    this.#buffer[1] = lf;
  }

  /** Octets held. */
  get held(): number {
    return this.#length;
  }

  /** Takes bytes; returns how many belong to the mail data once its end is among them, else undefined. */
  push(bytes: Uint8Array): number | undefined {
    const before = this.#length;
    this.#append(bytes);
    const from = Math.max(0, before - tailLength);
    const end = indexOfTerminator(this.#buffer.subarray(0, this.#length), from);
    if (end === -1) {
      if (this.#length - 2 > this.#limits.sizeMax + tailLength) this.#drop();
      return undefined;
    }
    const consumed = end + terminator.length - before;
    this.#result = this.#judge(this.#buffer.subarray(2, end + 2));
    return consumed;
  }

  /** Once `push` has found the end. */
  get result(): MailData | undefined {
    return this.#result;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Too big: from now on only the end is looked for. */
  #drop(): void {
    this.#isTooBig = true;
    this.#buffer = this.#buffer.slice(this.#length - tailLength, this.#length);
    this.#length = tailLength;
  }

  /** `data` with its last CRLF, without the final dot. */
  #judge(data: Uint8Array): MailData {
    if (this.#isTooBig || data.length > this.#limits.sizeMax) return refused("tooBig");
    if (hasBareCr(data)) return refused("bareCrOrLf");
    let lineStart = 0;
    let hasDots = false;
    while (lineStart < data.length) {
      const end = data.indexOf(lf, lineStart);
      if (end === -1 || data[end - 1] !== cr) return refused("bareCrOrLf");
      const isStuffed = data[lineStart] === dot;
      if (end - 1 - lineStart - (isStuffed ? 1 : 0) > this.#limits.lineMax) {
        return refused("lineTooLong");
      }
      if (isStuffed) hasDots = true;
      lineStart = end + 1;
    }
    return { kind: "content", content: hasDots ? withoutDots(data) : data };
  }
}

function indexOfTerminator(data: Uint8Array, from: number): number {
  // "\n.\r" is rare in mail; searching it natively costs next to nothing.
  for (let at = data.indexOf(dot, from); at !== -1; at = data.indexOf(dot, at + 1)) {
    if (data[at - 1] === lf && data[at - 2] === cr && data[at + 1] === cr && data[at + 2] === lf) {
      return at - 2;
    }
  }
  return -1;
}

function hasBareCr(data: Uint8Array): boolean {
  for (let at = data.indexOf(cr); at !== -1; at = data.indexOf(cr, at + 2)) {
    if (data[at + 1] !== lf) return true;
  }
  return false;
}

/** RFC 5321 §4.5.2: a dot that begins a line goes. Every line is known to end with CRLF. */
function withoutDots(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length);
  let length = 0;
  for (let start = 0; start < data.length; ) {
    const end = data.indexOf(lf, start) + 1;
    const from = data[start] === dot ? start + 1 : start;
    result.set(data.subarray(from, end), length);
    length += end - from;
    start = end;
  }
  return result.subarray(0, length);
}

function refused(fault: DataFault): MailData {
  return { kind: "refused", fault };
}
