/** Seam: ask the owner of a shard, or a worker by its name; ask everybody. */
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";

/** A plain JSON value: it crosses processes. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export interface BusRequest {
  readonly verb: string;
  readonly arguments: { readonly [key: string]: Json };
}

export type BusHandler = (request: BusRequest) => Promise<Json>;

/** A worker as the bus knows it. */
export interface ServingWorker {
  readonly name: Incarnation;
  /** Those it owns now: what its answer is about. */
  readonly shards: () => readonly Shard[];
  readonly handler: BusHandler;
}

export interface Answer {
  readonly from: Incarnation;
  /** Owned before and after it answered: those that it has surely answered for. */
  readonly shards: readonly Shard[];
  readonly value: Json;
}

/** Who should have answered and did not. */
export interface Silence {
  readonly from: Incarnation;
  readonly reason: string;
  /** Since its last heartbeat that was heard; absent where there are none. */
  readonly silentMs?: number;
}

export interface Answers {
  readonly answers: readonly Answer[];
  readonly silent: readonly Silence[];
}

export interface Bus {
  /**
   * @throws {NobodyAnswers} no owner, or none in time.
   * @throws {AnswerFailed} the owner says why it cannot answer.
   */
  ask(shard: Shard, request: BusRequest): Promise<Json>;
  /**
   * One incarnation of a worker.
   * @throws {NobodyAnswers} it is not there, or says nothing in time.
   * @throws {AnswerFailed} it says why it cannot answer.
   */
  askWorker(name: Incarnation, request: BusRequest): Promise<Json>;
  /** What all workers say within the time limit; and who said nothing, or failed. */
  askAll(request: BusRequest): Promise<Answers>;
  /** Answers for a shard while it is owned; the result ends it. */
  serveShard(shard: Shard, handler: BusHandler): () => void;
  serveWorker(worker: ServingWorker): () => void;
}

export class NobodyAnswers extends Error {
  override readonly name = "NobodyAnswers";
}

export class AnswerFailed extends Error {
  override readonly name = "AnswerFailed";
}
