/** A message that a consumer with acknowledgements has handed to us: it is ours until we say. */
import { type Msg, type MsgHdrs, nanos } from "@nats-io/transport-node";
import type { Wire } from "../link.ts";
import { parseHanded } from "../reading/delivered.ts";

export class HandedMessage {
  readonly sequence: number;
  /** When the stream took it, by the server's clock. */
  readonly storedAt: number;
  /** How often it was handed out, this time included. */
  readonly tries: number;
  readonly #link: Wire;
  readonly #message: Msg;

  constructor(link: Wire, message: Msg) {
    const { sequence, tries, storedAt } = parseHanded(message.reply ?? "");
    this.sequence = sequence;
    this.storedAt = storedAt;
    this.tries = tries;
    this.#link = link;
    this.#message = message;
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  get headers(): MsgHdrs | undefined {
    return this.#message.headers;
  }

  /** Asks the server for as much time again. */
  keep(): void {
    this.#say("+WPI");
  }

  /** It is handed out again, after a while or at once, to whoever pulls. */
  giveBack(afterMs = 0): void {
    this.#say(afterMs === 0 ? "-NAK" : `-NAK ${JSON.stringify({ delay: nanos(afterMs) })}`);
  }

  /** Resolves when the server knows that it is done. */
  async settle(timeoutMs: number): Promise<void> {
    await this.#link.connection.request(this.#reply, "+ACK", { timeout: timeoutMs });
  }

  get #reply(): string {
    return this.#message.reply ?? "";
  }

  /** Without a connection nothing: its time runs out, and it is handed out again. */
  #say(word: string): void {
    const { connection, isUp } = this.#link;
    if (isUp && !connection.isClosed()) connection.publish(this.#reply, word);
  }
}
