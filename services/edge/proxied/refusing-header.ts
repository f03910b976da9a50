/**
 * A client's own connection where others come over proxies. Nobody but these may say whose a
 * connection is: who begins with a header is refused, and nothing it said is obeyed.
 */
import { likeHeader, prefixMax } from "#lib/net/proxy/proxy-header";
import type { ConnectionHandler } from "#lib/net/transport";

export interface RefusingHeaderOptions {
  readonly client: ConnectionHandler;
  /** It is to be closed. */
  readonly refused: () => void;
}

export class RefusingHeader implements ConnectionHandler {
  readonly #client: ConnectionHandler;
  readonly #refused: () => void;
  /** The beginning, as long as it may be a header's. */
  #held: Uint8Array | undefined = new Uint8Array();

  constructor({ client, refused }: RefusingHeaderOptions) {
    this.#client = client;
    this.#refused = refused;
  }

  data(bytes: Uint8Array): void {
    if (this.#held === undefined) {
      this.#client.data(bytes);
      return;
    }
    const seen = new Uint8Array([...this.#held, ...bytes.subarray(0, prefixMax)]);
    const likeness = likeHeader(seen);
    if (likeness === "no") this.#release(bytes);
    else if (likeness === "yes") this.#refused();
    else this.#held = seen;
  }

  drained(): void {
    this.#client.drained?.();
  }

  ended(): void {
    this.#release(new Uint8Array());
    this.#client.ended?.();
  }

  closed(error?: Error): void {
    this.#client.closed(error);
  }

  #release(bytes: Uint8Array): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined && held.length > 0) this.#client.data(held);
    if (bytes.length > 0) this.#client.data(bytes);
  }
}
