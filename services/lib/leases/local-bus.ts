/** The Bus within one process: everybody who serves is here. */
import type { Clock } from "#lib/clock";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import {
  type Answer,
  AnswerFailed,
  type Answers,
  type Bus,
  type BusHandler,
  type BusRequest,
  type Json,
  NobodyAnswers,
  type ServingWorker,
} from "./bus.ts";

const answerTimeoutMs = 5_000;

export class LocalBus implements Bus {
  readonly #clock: Clock;
  readonly #shards = new Map<Shard, BusHandler[]>();
  readonly #workers = new Set<ServingWorker>();

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

  askWorker(name: Incarnation, request: BusRequest): Promise<Json> {
    const worker = [...this.#workers].findLast((serving) => serving.name === name);
    if (worker !== undefined) return this.#answer(worker.handler, request);
    return Promise.reject(new NobodyAnswers(`Cannot ask worker ${name}: it does not serve`));
  }

  async askAll(request: BusRequest): Promise<Answers> {
    const workers = [...this.#workers];
    const asked = workers.map((worker) => this.#answerOf(worker, request));
    const settled = await Promise.allSettled(asked);
    return {
      answers: settled.flatMap((a) => (a.status === "fulfilled" ? [a.value] : [])),
      silent: workers.flatMap(({ name }, i) => {
        const answer = settled[i];
        return answer?.status === "rejected"
          ? [{ from: name, reason: String(answer.reason.message) }]
          : [];
      }),
    };
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

  serveWorker(worker: ServingWorker): () => void {
    // One entry for each call, even of the same worker.
    const entry = { ...worker };
    this.#workers.add(entry);
    return () => void this.#workers.delete(entry);
  }

  async #answerOf({ name, shards, handler }: ServingWorker, request: BusRequest): Promise<Answer> {
    const before = shards();
    const value = await this.#answer(handler, request);
    const after = new Set(shards());
    return { from: name, shards: before.filter((shard) => after.has(shard)), value };
  }

  /** What is asked and answered crosses as a copy, as it would between processes. */
  #answer(handler: BusHandler, request: BusRequest): Promise<Json> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(answerTimeoutMs, () => {
        reject(new NobodyAnswers(`Cannot ask "${request.verb}": no answer in time`));
      });
      handler(structuredClone(request)).then(
        (answer) => {
          cancel();
          resolve(structuredClone(answer));
        },
        (cause: unknown) => {
          cancel();
          reject(new AnswerFailed(reasonOf(cause), { cause }));
        },
      );
    });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
