/** Collects replies and hands them to the connection as one segment (RFC 2920 §3.2). */
import type { Connection } from "#lib/net/transport";

/** One for all connections: `write` is done with the bytes when it returns. */
const scratch = new Uint8Array(64 * 1024);
const encoder = new TextEncoder();
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const bytesPerUnitMax = 3;

export class ReplyWriter {
  readonly #connection: Connection;
  #pending = "";
  #unsentBytes = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Bytes the network had not taken at the last write. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  add(text: string): void {
    this.#pending += text;
  }

  flush(): void {
    const text = this.#pending;
    if (text === "") return;
    this.#pending = "";
    if (text.length * bytesPerUnitMax > scratch.length) {
      this.#unsentBytes = this.#connection.write(encoder.encode(text));
      return;
    }
    const { written } = encoder.encodeInto(text, scratch);
    this.#unsentBytes = this.#connection.write(scratch.subarray(0, written));
  }

  /** Everything has been handed to the network. */
  drained(): void {
    this.#unsentBytes = 0;
  }
}
