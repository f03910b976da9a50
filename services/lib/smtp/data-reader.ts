/**
 * Mail data from bytes, at any segmentation, up to CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4).
 * What is wrong with it is told only at its true end, so that nothing inside is ever taken for a
 * command (ADR 0005). Takes transparency dots away (§4.5.2).
 */
import { scanTransparentLines } from "./line-scan.ts";

export type MailData =
  | { readonly kind: "content"; readonly content: Uint8Array }
  | { readonly kind: "refused"; readonly fault: DataFault };

export type DataFault = "bareCrOrLf" | "lineTooLong" | "tooBig";

export interface DataLimits {
  /** Octets of content, transparency dots not counted (RFC 1870 §5). */
  readonly sizeMax: number;
  /** Octets of a line without CRLF and transparency dot. */
  readonly lineMax: number;
}

const cr = 13;
const lf = 10;
const dot = 46;
const firstCapacity = 8_192;
/** A client may say any SIZE; what it says is allocated at once only up to here. */
const firstCapacityMax = 262_144;
const terminator = Uint8Array.of(cr, lf, dot, cr, lf);
/** Octets kept of what is dropped, to find a terminator that is cut. */
const tailLength = terminator.length - 1;

export class DataReader {
  readonly #limits: DataLimits;
  /** Beyond it the content is too big, however many of its octets are transparency dots. */
  readonly #rawMax: number;
  /** Begins with a CRLF that was not sent: the end may be the very first line. */
  #buffer: Buffer;
  #length = 2;
  #isTooBig = false;
  #result: MailData | undefined;

  /** `expectedSize` as declared by the client, to allocate once. */
  constructor(limits: DataLimits, expectedSize = 0) {
    this.#limits = limits;
    // At most every fourth octet is a transparency dot: "..", CR, LF.
    this.#rawMax = limits.sizeMax + Math.ceil(limits.sizeMax / 3);
    const expected = Math.min(expectedSize + terminator.length + 2, firstCapacityMax);
    // Not cleared: only what was written to it is ever read.
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(firstCapacity, expected));
    this.#buffer[0] = cr;
    this.#buffer[1] = lf;
  }

  /** Octets held. */
  get held(): number {
    return this.#length;
  }

  /**
   * Takes bytes; returns how many belong to the mail data once its end is among them, else
   * undefined.
   */
  push(bytes: Uint8Array): number | undefined {
    const before = this.#length;
    this.#append(bytes);
    const from = Math.max(0, before - tailLength);
    const end = this.#buffer.subarray(0, this.#length).indexOf(terminator, from);
    if (end === -1) {
      if (this.#isTooBig || this.#length - 2 > this.#rawMax + tailLength) this.#drop();
      return undefined;
    }
    this.#result = this.#judge(contentOf(this.#buffer, end));
    return end + terminator.length - before;
  }

  /** Once `push` has found the end. */
  get result(): MailData | undefined {
    return this.#result;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Too big: from now on only the end is looked for. */
  #drop(): void {
    this.#isTooBig = true;
    this.#buffer = Buffer.from(this.#buffer.subarray(this.#length - tailLength, this.#length));
    this.#length = tailLength;
  }

  /** `data` with its last CRLF, without the final dot. */
  #judge(data: Uint8Array): MailData {
    const { sizeMax, lineMax } = this.#limits;
    if (this.#isTooBig || data.length > this.#rawMax) return refused("tooBig");
    const scan = scanTransparentLines(data);
    if (scan === undefined) return refused("bareCrOrLf");
    if (data.length - scan.dots > sizeMax) return refused("tooBig");
    if (scan.longest > lineMax) return refused("lineTooLong");
    return { kind: "content", content: scan.dots > 0 ? withoutDots(data) : data };
  }
}

/** A plain `Uint8Array`: who gets it must not find a `Buffer`'s other methods. */
function contentOf(buffer: Buffer, end: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + 2, end);
}

/** RFC 5321 §4.5.2: a dot that begins a line goes. In place, for `data` is ours alone. */
function withoutDots(data: Uint8Array): Uint8Array {
  let length = 0;
  let isLineStart = true;
  for (let i = 0; i < data.length; i++) {
    const octet = data[i] ?? 0;
    if (!isLineStart || octet !== dot) {
      data[length] = octet;
      length += 1;
    }
    isLineStart = octet === lf;
  }
  return data.subarray(0, length);
}

function refused(fault: DataFault): MailData {
  return { kind: "refused", fault };
}
