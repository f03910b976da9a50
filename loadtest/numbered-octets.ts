/** Octets with a number at one or more places, which is written where it stands. */

const zero = 48;

export class NumberedOctets {
  readonly #pieces: (digits: number) => readonly string[];
  readonly #tail: Buffer;
  #digits = 0;
  #octets = Buffer.alloc(0);
  /** Behind the last digit of each. */
  #ends: number[] = [];

  /** Between two pieces stands the number, of so many digits; behind the last comes `tail`. */
  constructor(pieces: (digits: number) => readonly string[], tail: Buffer = Buffer.alloc(0)) {
    this.#pieces = pieces;
    this.#tail = tail;
  }

  /** Valid until the next call. */
  with(n: number): Buffer {
    const digits = digitsOf(n);
    if (digits !== this.#digits) this.#layOut(digits);
    for (const end of this.#ends) this.#write(n, end);
    return this.#octets;
  }

  #layOut(digits: number): void {
    const pieces = this.#pieces(digits);
    this.#digits = digits;
    const head = Buffer.from(pieces.join("0".repeat(digits)), "latin1");
    this.#octets = Buffer.concat([head, this.#tail]);
    this.#ends = [];
    let end = 0;
    for (const piece of pieces.slice(0, -1)) {
      end += piece.length + digits;
      this.#ends.push(end);
    }
  }

  #write(n: number, end: number): void {
    let rest = n;
    for (let at = end - 1; at >= end - this.#digits; at--) {
      const tenth = Math.floor(rest / 10);
      this.#octets[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
  }
}

function digitsOf(n: number): number {
  let digits = 1;
  for (let limit = 10; n >= limit; limit *= 10) digits += 1;
  return digits;
}
