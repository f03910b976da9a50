/** Seam: accept a message durably, once. */
import type { Message } from "#lib/queue/unit";

export interface Intake {
  /**
   * Resolves only after the message is durable (ADR 0001): all of its units, or none.
   * The same message id again is the same message: accepted once.
   * The content is the intake's from here on, and may be gone when this resolves.
   *
   * @throws {IntakeFull} there is no room: 452 4.3.1.
   * @throws {IntakeUnavailable} whether it is stored is unknown, or nothing can be stored: 451
   * 4.3.0.
   */
  accept(message: Message): Promise<void>;
}

/** No room: disk or stream full. Nothing of the message was kept. */
export class IntakeFull extends Error {
  override readonly name = "IntakeFull";
}

/** In doubt or out of reach: the message may or may not be there. Never answer 250. */
export class IntakeUnavailable extends Error {
  override readonly name = "IntakeUnavailable";
}
