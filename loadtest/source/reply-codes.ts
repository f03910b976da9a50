/**
 * The codes of the replies in a stream of octets: the last line of each has a blank behind the
 * code.
 */

const lineFeed = 10;
const hyphen = 45;
const lineMax = 65_536;

export class ReplyCodes {
  #unread: Buffer | undefined;

  /** `bytes` is valid only during the call. @throws for what is no reply */
  read(bytes: Uint8Array, reply: (code: number) => void): void {
    const arrived = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const input = this.#unread === undefined ? arrived : Buffer.concat([this.#unread, arrived]);
    this.#unread = undefined;
    let at = 0;
    for (;;) {
      const end = input.indexOf(lineFeed, at);
      if (end < 0) break;
      const code = codeAt(input, at);
      const isLast = input[at + 3] !== hyphen;
      at = end + 1;
      if (isLast) reply(code);
    }
    if (input.length - at > lineMax) throw new Error("Cannot read a reply: its line does not end");
    if (at < input.length) this.#unread = Buffer.from(input.subarray(at));
  }

  /** The connection is another one. */
  forget(): void {
    this.#unread = undefined;
  }
}

function codeAt(input: Buffer, at: number): number {
  const code = Number(input.toString("latin1", at, at + 3));
  if (code >= 200 && code <= 599) return code;
  const line = input.toString("latin1", at, at + 40).trimEnd();
  throw new Error(`Cannot read the reply ${JSON.stringify(line)}`);
}
