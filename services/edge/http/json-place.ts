/**
 * Where a text stops being JSON (RFC 8259). The runtime's parser says only that it does; this is
 * asked after it has refused, so it may be slower, and builds nothing.
 */

export interface TextPlace {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Of a text that is no JSON. */
export function jsonFaultPlace(text: string): TextPlace {
  const offset = new JsonScan(text).faultAt() ?? text.length;
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

type Opened = "{" | "[";

class JsonScan {
  readonly #text: string;
  readonly #opened: Opened[] = [];
  #at = 0;
  #expectsValue = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined: it is JSON. */
  faultAt(): number | undefined {
    let isExpecting = true;
    do {
      const isFine = isExpecting ? this.#value() : this.#behindValue();
      if (!isFine) return this.#at;
      isExpecting = this.#expectsValue;
    } while (isExpecting || this.#opened.length > 0);
    this.#skip(blanks);
    return this.#at === this.#text.length ? undefined : this.#at;
  }

  /** A value, or as far as the opening of one that holds others. */
  #value(): boolean {
    this.#skip(blanks);
    const first = this.#text[this.#at];
    this.#expectsValue = false;
    if (first === "{") return this.#open("{") && (this.#closes("}") || this.#key());
    if (first === "[") return this.#open("[") && (this.#closes("]") || this.#expect());
    return first === '"' ? this.#string() : this.#skip(scalar);
  }

  #behindValue(): boolean {
    this.#skip(blanks);
    const inMap = this.#opened.at(-1) === "{";
    if (this.#text[this.#at] !== ",") return this.#closes(inMap ? "}" : "]");
    this.#at += 1;
    return inMap ? this.#key() : this.#expect();
  }

  #open(bracket: Opened): boolean {
    this.#opened.push(bracket);
    this.#at += 1;
    return true;
  }

  #closes(bracket: string): boolean {
    this.#skip(blanks);
    if (this.#text[this.#at] !== bracket) return false;
    this.#opened.pop();
    this.#at += 1;
    return true;
  }

  #key(): boolean {
    this.#skip(blanks);
    if (!this.#string()) return false;
    this.#skip(blanks);
    if (this.#text[this.#at] !== ":") return false;
    this.#at += 1;
    return this.#expect();
  }

  #expect(): boolean {
    this.#expectsValue = true;
    return true;
  }

  /** In steps: it may be a whole attachment. */
  #string(): boolean {
    const start = this.#at;
    if (!this.#skip(quote)) return false;
    while (this.#skip(plain) || this.#skip(escaped));
    if (this.#skip(quote)) return true;
    // Where it begins tells more than where a line end in it stands.
    this.#at = start;
    return false;
  }

  #skip(form: RegExp): boolean {
    form.lastIndex = this.#at;
    if (!form.test(this.#text)) return false;
    this.#at = form.lastIndex;
    return true;
  }
}

const blanks = /[ \t\r\n]*/y;
const quote = /"/y;
/** All but quotes, backslashes and what comes before a blank. */
const plain = /[ !#-[\]-\uffff]+/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
