/** A connection that gets a 421 instead of a session, and a moment to read it. */
import type { HasDeadline } from "#lib/deadlines";
import type { Connection, ConnectionHandler } from "#lib/net/transport";
import { encodeReply, type TransientReply } from "#lib/smtp/reply";

export interface TurnedAwayOptions {
  readonly connection: Connection;
  readonly reply: TransientReply;
  /** On the monotonic clock: when it is dropped even if the peer keeps it open. */
  readonly deadline: number;
  readonly gone: (connection: TurnedAway) => void;
}

export class TurnedAway implements ConnectionHandler, HasDeadline {
  readonly #connection: Connection;
  readonly #gone: (connection: TurnedAway) => void;
  deadline: number;

  constructor({ connection, reply, deadline, gone }: TurnedAwayOptions) {
    this.#connection = connection;
    this.#gone = gone;
    this.deadline = deadline;
    connection.write(new TextEncoder().encode(encodeReply(reply)));
    connection.end();
  }

  expired(): void {
    this.#connection.destroy();
  }

  /**
   * Read and thrown away: unread bytes would turn the close into a reset that takes the reply with
   * it.
   */
  data(): void {}

  closed(): void {
    this.#gone(this);
  }
}
