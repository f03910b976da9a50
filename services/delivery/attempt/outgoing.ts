/**
 * What is to be sent over a connection, given to it piece by piece: so it is known how much has left,
 * and that a slow peer takes something at all.
 */
import type { Connection } from "#lib/net/transport";

/** RFC 5321 §4.5.3.2.5 gives each piece of the content its time, not all of it. */
const pieceBytes = 64 * 1024;

export class Outgoing {
  readonly #connection: Pick<Connection, "write">;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** What the connection has of us and not handed to the network. */
  #unsentBytes = 0;

  constructor(connection: Pick<Connection, "write">) {
    this.#connection = connection;
  }

  /** Octets that have not left. */
  get unsent(): number {
    return this.#waitingBytes + this.#unsentBytes;
  }

  send(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#unsentBytes === 0) this.#flush();
  }

  /** The connection has handed over what it had. */
  drained(): void {
    this.#unsentBytes = 0;
    this.#flush();
  }

  #flush(): void {
    while (this.#unsentBytes === 0) {
      const head = this.#waiting[0];
      if (head === undefined) return;
      const isLast = head.length <= pieceBytes;
      const piece = isLast ? head : head.subarray(0, pieceBytes);
      if (isLast) this.#waiting.shift();
      else this.#waiting[0] = head.subarray(pieceBytes);
      this.#waitingBytes -= piece.length;
      this.#unsentBytes = this.#connection.write(piece);
    }
  }
}
