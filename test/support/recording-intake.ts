/** An intake that remembers what it was given, and lets a test wait for it. */
import type { Message } from "#lib/queue/unit";
import type { Intake } from "#lib/stream/intake";

export class RecordingIntake implements Intake {
  readonly accepted: Message[] = [];
  readonly #inner: Intake;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(inner: Intake) {
    this.#inner = inner;
  }

  async accept(message: Message): Promise<void> {
    await this.#inner.accept(message);
    this.accepted.push(message);
    for (const { count, resolve } of this.#waiting) {
      if (this.accepted.length >= count) resolve();
    }
    this.#waiting = this.#waiting.filter(({ count }) => count > this.accepted.length);
  }

  /** Resolves when `count` messages have been accepted since the beginning. */
  until(count: number): Promise<void> {
    if (this.accepted.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** The content of the newest message, as text. */
  get lastContent(): string {
    return new TextDecoder().decode(this.accepted.at(-1)?.content);
  }
}
