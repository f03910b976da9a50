/** The content of one message while it arrives: kept, or only searched for its id and its end. */
import { withoutTransparency } from "../content.ts";
import { type LoadId, loadIdIn } from "../load-id.ts";

/** Where the id is looked for. */
const headMax = 16_384;
/**
 * The longest thing that can begin in one piece and end in the next: CR LF . CR LF, less an octet.
 */
const splitMax = 4;
const endMark = "\r\n.\r\n";
const emptyMark = ".\r\n";

export class IncomingContent {
  readonly #isKept: boolean;
  #state: "waiting" | "begun" | "complete" = "waiting";
  #pieces: Buffer[] = [];
  #size = 0;
  #id: LoadId | undefined;

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

  /**
   * Where reading goes on: behind the final dot, or where more is needed. `input` is valid only
   * during the call.
   */
  read(input: Buffer, from: number): number {
    if (this.#size === 0) {
      // The line end before the final dot of an empty message is that of DATA.
      const start = input.toString("latin1", from, from + emptyMark.length);
      if (start === emptyMark) return this.#complete(from + emptyMark.length);
      if (emptyMark.startsWith(start)) return from;
    }
    const end = input.indexOf(endMark, from, "latin1");
    if (end >= 0) {
      this.#add(input.subarray(from, end + 2));
      return this.#complete(end + endMark.length);
    }
    const safe = Math.max(from, input.length - splitMax);
    if (safe > from) this.#add(input.subarray(from, safe));
    return safe;
  }

  /** Without transparency. Undefined unless it is kept. */
  whole(): Buffer | undefined {
    return this.#isKept ? withoutTransparency(Buffer.concat(this.#pieces)) : undefined;
  }

  #complete(end: number): number {
    this.#state = "complete";
    return end;
  }

  #add(bytes: Buffer): void {
    const isHead = this.#id === undefined && this.#size < headMax;
    if (isHead) this.#id = loadIdIn(this.#headWith(bytes));
    this.#size += bytes.length;
    if (this.#isKept || (isHead && this.#id === undefined)) this.#pieces.push(Buffer.from(bytes));
    else if (this.#pieces.length > 0) this.#pieces = [];
  }

  #headWith(bytes: Buffer): Buffer {
    return this.#pieces.length === 0 ? bytes : Buffer.concat([...this.#pieces, bytes]);
  }
}
