/** The content of one message while it arrives: kept, or only searched for its id and its end. */
import { withoutTransparency } from "../content.ts";
import { type LoadId, loadIdIn } from "../load-id.ts";

/** Where the id is looked for. */
const headMax = 16_384;
const endMark = Buffer.from("\r\n.\r\n");
/** What of the mark can stand before a piece. */
const tailMax = endMark.length - 1;
/** The line end before the final dot of an empty message is that of DATA. */
const lineEnd: readonly number[] = [...endMark.subarray(0, 2)];

export class IncomingContent {
  readonly #isKept: boolean;
  #state: "waiting" | "begun" | "complete" = "waiting";
  #pieces: Buffer[] = [];
  #size = 0;
  #id: LoadId | undefined;
  #hasTransparency = false;
  /** The last octets so far. */
  #tail = lineEnd;

  constructor(keep: "nothing" | "whole") {
    this.#isKept = keep === "whole";
  }

  /** The first octets are here or not; or the final dot is. */
  get state(): "waiting" | "begun" | "complete" {
    return this.#state;
  }

  get id(): LoadId | undefined {
    return this.#id;
  }

  /** Octets on the wire. */
  get size(): number {
    return this.#size;
  }

  /** To be called when the state is `waiting` and there is something to read. */
  begin(): void {
    this.#state = "begun";
  }

  /** Where reading goes on: behind the final dot, or at the end. `input` is valid only meanwhile. */
  read(input: Buffer, from: number): number {
    this.#hasTransparency = true;
    const end = this.#endOfMark(input, from);
    if (end < 0) {
      this.#add(input, from, input.length);
      this.#tail = [...this.#tail, ...input.subarray(Math.max(from, input.length - tailMax))].slice(
        -tailMax,
      );
      return input.length;
    }
    this.#state = "complete";
    const contentEnd = end - (endMark.length - 2);
    if (contentEnd > from) this.#add(input, from, contentEnd);
    // Of the mark something may have come before, and was taken for content.
    else this.#size -= from - contentEnd;
    return end;
  }

  /** Of a chunk, which is taken as it is (RFC 3030). */
  take(input: Buffer, from: number, to: number): void {
    if (to > from) this.#add(input, from, to);
  }

  /** Without transparency. Undefined unless it is kept. */
  whole(): Buffer | undefined {
    if (!this.#isKept) return undefined;
    const content = Buffer.concat(this.#pieces).subarray(0, this.#size);
    return this.#hasTransparency ? withoutTransparency(content) : content;
  }

  /** -1: it is not complete. */
  #endOfMark(input: Buffer, from: number): number {
    for (let before = this.#tail.length; before > 0; before--) {
      if (this.#isAcross(input, from, before)) return from + endMark.length - before;
    }
    const at = input.indexOf(endMark, from);
    return at < 0 ? -1 : at + endMark.length;
  }

  /** So many octets of the mark stood at the end of what came before, and the rest follows. */
  #isAcross(input: Buffer, from: number, before: number): boolean {
    for (let i = before; i < endMark.length; i++) {
      if (input[from + i - before] !== endMark[i]) return false;
    }
    const tailAt = this.#tail.length - before;
    for (let i = 0; i < before; i++) if (this.#tail[tailAt + i] !== endMark[i]) return false;
    return true;
  }

  #add(input: Buffer, from: number, to: number): void {
    const isHead = this.#id === undefined && this.#size < headMax;
    this.#size += to - from;
    if (!isHead && !this.#isKept) return;
    const bytes = input.subarray(from, to);
    if (isHead) this.#id = loadIdIn(this.#headWith(bytes));
    if (this.#isKept || (isHead && this.#id === undefined)) this.#pieces.push(Buffer.from(bytes));
    else this.#pieces = [];
  }

  #headWith(bytes: Buffer): Buffer {
    return this.#pieces.length === 0 ? bytes : Buffer.concat([...this.#pieces, bytes]);
  }
}
