/** Intake in the edge's thread: hands messages over to where the queue is, and waits for answers. */
import { assert } from "#lib/assert";
import type { Message } from "#lib/queue/unit";
import type { Intake } from "#lib/stream/intake";
import { errorFrom } from "./crossing-error.ts";
import type { Answer, HandedIn } from "./protocol.ts";

type Waiting = Pick<PromiseWithResolvers<void>, "resolve" | "reject">;

export class PortIntake implements Intake {
  readonly #handIn: (handedIn: HandedIn) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(handIn: (handedIn: HandedIn) => void) {
    this.#handIn = handIn;
  }

  accept(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#waiting.set(this.#last, { resolve, reject });
      this.#handIn({ n: this.#last, message: { ...message, content: whole(message.content) } });
    });
  }

  take(answers: readonly Answer[]): void {
    for (const { n, error } of answers) {
      const waiting = this.#waiting.get(n);
      assert(waiting !== undefined, "what was handed in is answered once");
      this.#waiting.delete(n);
      if (error === undefined) waiting.resolve();
      else waiting.reject(errorFrom(error));
    }
    if (this.#waiting.size > 0) return;
    this.#settled?.resolve();
    this.#settled = undefined;
  }

  /** Resolves when all that was handed in so far is answered. */
  async settled(): Promise<void> {
    while (this.#waiting.size > 0) {
      this.#settled ??= Promise.withResolvers();
      await this.#settled.promise;
    }
  }
}

/** A part of a larger buffer would take all of that along. */
function whole(content: Uint8Array): Uint8Array {
  return content.length === content.buffer.byteLength ? content : content.slice();
}
