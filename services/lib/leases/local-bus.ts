/** The Bus within one process: everybody who serves is here. */
import type { Clock } from "#lib/clock";
import type { Shard } from "#lib/queue/unit";
import { type Bus, type BusHandler, type BusRequest, type Json, NobodyAnswers } from "./bus.ts";

const answerTimeoutMs = 5_000;

export class LocalBus implements Bus {
  readonly #clock: Clock;
  readonly #shards = new Map<Shard, BusHandler[]>();
  readonly #workers = new Set<BusHandler>();

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  ask(shard: Shard, request: BusRequest): Promise<Json> {
    // The newest owner: an older one may not know yet that it lost the shard.
    const handler = this.#shards.get(shard)?.at(-1);
    if (handler === undefined) {
      return Promise.reject(new NobodyAnswers(`Cannot ask shard ${shard}: it has no owner`));
    }
    return this.#answer(handler, request);
  }

  async askAll(request: BusRequest): Promise<readonly Json[]> {
    const asked = [...this.#workers].map((handler) => this.#answer(handler, request));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((a) => (a.status === "fulfilled" ? [a.value] : []));
  }

  serveShard(shard: Shard, handler: BusHandler): () => void {
    const handlers = this.#shards.get(shard) ?? [];
    handlers.push(handler);
    this.#shards.set(shard, handlers);
    return () => {
      const index = handlers.indexOf(handler);
      if (index !== -1) handlers.splice(index, 1);
    };
  }

  serveWorker(handler: BusHandler): () => void {
    // One entry for each call, even of the same function.
    const entry: BusHandler = (request) => handler(request);
    this.#workers.add(entry);
    return () => void this.#workers.delete(entry);
  }

  /** What is asked and answered crosses as a copy, as it would between processes. */
  #answer(handler: BusHandler, request: BusRequest): Promise<Json> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        cancel();
        reject(new NobodyAnswers(`Cannot ask "${request.verb}": no answer`, { cause }));
      };
      const cancel = this.#clock.after(answerTimeoutMs, () => fail("timeout"));
      handler(structuredClone(request)).then((answer) => {
        cancel();
        resolve(structuredClone(answer));
      }, fail);
    });
  }
}
