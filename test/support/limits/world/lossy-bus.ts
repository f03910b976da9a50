/**
 * A bus between machines: what goes over it comes late, twice or never, and everybody who listens at
 * a shard hears what is asked of it, as with NATS.
 */
import type { Clock } from "#lib/clock";
import {
  AnswerFailed,
  type Answers,
  type Bus,
  type BusHandler,
  type BusRequest,
  type Json,
  NobodyAnswers,
  type ServingWorker,
} from "#lib/leases/bus";
import type { Shard } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Incarnation } from "#lib/stream/journal";

export interface LossyBusOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly isFaulty: () => boolean;
  /** What is asked, as it arrives: a bug, for a test that shows that it is seen. */
  readonly mangled?: (request: BusRequest) => BusRequest;
  /** What arrives once more a second later, likewise. */
  readonly echo?: (request: BusRequest) => BusRequest;
  /** What is answered, likewise. */
  readonly mangledAnswer?: (request: BusRequest, answer: Json) => Json;
}

const answerMaxMs = 5_000;
const echoAfterMs = 1_000;

export class LossyBus implements Bus {
  readonly #options: LossyBusOptions;
  readonly #shards = new Map<Shard, Set<BusHandler>>();
  readonly #workers = new Map<Incarnation, BusHandler>();
  asked = 0;

  constructor(options: LossyBusOptions) {
    this.#options = options;
  }

  ask(shard: Shard, request: BusRequest): Promise<Json> {
    this.asked += 1;
    return this.#ask(request, () => [...(this.#shards.get(shard) ?? [])]);
  }

  askWorker(name: Incarnation, request: BusRequest): Promise<Json> {
    return this.#ask(request, () => {
      const handler = this.#workers.get(name);
      return handler === undefined ? [] : [handler];
    });
  }

  askAll(): Promise<Answers> {
    return Promise.resolve({ answers: [], silent: [] });
  }

  serveShard(shard: Shard, handler: BusHandler): () => void {
    const handlers = this.#shards.get(shard) ?? new Set();
    this.#shards.set(shard, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  serveWorker({ name, handler }: ServingWorker): () => void {
    this.#workers.set(name, handler);
    return () => void this.#workers.delete(name);
  }

  #ask(request: BusRequest, listeners: () => readonly BusHandler[]): Promise<Json> {
    const { clock, mangled = (same) => same, mangledAnswer = (_, same) => same } = this.#options;
    const copy = structuredClone(mangled(request));
    return new Promise((resolve, reject) => {
      const cancel = clock.after(answerMaxMs, () => reject(new NobodyAnswers("no answer in time")));
      const answered = (act: () => void) =>
        this.#post(() => {
          cancel();
          act();
        });
      this.#post(() => {
        const heard = listeners();
        if (heard.length === 0) answered(() => reject(new NobodyAnswers("nobody listens")));
        this.#echo(request, heard);
        for (const handler of heard) {
          handler(copy).then(
            (answer) => {
              const told = structuredClone(mangledAnswer(copy, answer));
              answered(() => resolve(told));
            },
            (error) => answered(() => reject(new AnswerFailed(String(error)))),
          );
        }
      });
    });
  }

  #echo(request: BusRequest, heard: readonly BusHandler[]): void {
    const { clock, echo } = this.#options;
    if (echo === undefined) return;
    clock.after(echoAfterMs, () => {
      for (const handler of heard) handler(echo(request)).catch(() => undefined);
    });
  }

  #post(arrive: () => void): void {
    const { clock, random, isFaulty } = this.#options;
    const chance = isFaulty() ? random.next() : 1;
    if (chance < 0.05) return;
    clock.after(chance < 0.1 ? random.below(8_000) : random.below(10), arrive);
    if (chance < 0.15) clock.after(random.below(8_000), arrive);
  }
}
