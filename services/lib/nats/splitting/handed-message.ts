/** A message that a consumer with acknowledgements has handed to us: it is ours until we say. */
import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import type { Wire } from "../link.ts";
import { parseHanded } from "../reading/delivered.ts";

export class HandedMessage {
  readonly sequence: number;
  /** When the stream took it, by the server's clock. */
  readonly storedAt: number;
  /** It was handed to somebody before. */
  readonly isRepeated: boolean;
  readonly #link: Wire;
  readonly #message: Msg;

  constructor(link: Wire, message: Msg) {
    const { sequence, tries, storedAt } = parseHanded(message.reply ?? "");
    this.sequence = sequence;
    this.storedAt = storedAt;
    this.isRepeated = tries > 1;
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

  /** It is handed out again at once, to whoever pulls. */
  giveBack(): void {
    this.#say("-NAK");
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
