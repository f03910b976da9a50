/** Idempotency keys in the edge's thread: each question goes to where they are kept. */
import { assert } from "#lib/assert";
import type { Beginning, IdempotencyKeys } from "#lib/idempotency/idempotency";
import { errorFrom } from "./crossing-error.ts";
import type { KeyAnswer, KeyCall, KeyQuestion } from "./protocol.ts";

type Waiting = Pick<PromiseWithResolvers<Beginning | undefined>, "resolve" | "reject">;

export class PortKeys implements IdempotencyKeys {
  readonly messagesAreRepeatable: boolean;
  readonly #ask: (question: KeyQuestion) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(options: {
    readonly messagesAreRepeatable: boolean;
    readonly ask: (question: KeyQuestion) => void;
  }) {
    this.messagesAreRepeatable = options.messagesAreRepeatable;
    this.#ask = options.ask;
  }

  async begin(...args: Parameters<IdempotencyKeys["begin"]>): Promise<Beginning> {
    const beginning = await this.#answerTo(["begin", ...args]);
    assert(beginning !== undefined, "a key is begun in some way");
    return beginning;
  }

  async finish(...args: Parameters<IdempotencyKeys["finish"]>): Promise<void> {
    await this.#answerTo(["finish", ...args]);
  }

  async release(...args: Parameters<IdempotencyKeys["release"]>): Promise<void> {
    await this.#answerTo(["release", ...args]);
  }

  take({ n, beginning, error }: KeyAnswer): void {
    const waiting = this.#waiting.get(n);
    assert(waiting !== undefined, "what was asked is answered once");
    this.#waiting.delete(n);
    if (error === undefined) waiting.resolve(beginning);
    else waiting.reject(errorFrom(error));
  }

  #answerTo(call: KeyCall): Promise<Beginning | undefined> {
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#waiting.set(this.#last, { resolve, reject });
      this.#ask({ n: this.#last, call });
    });
  }
}
