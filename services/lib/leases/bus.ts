/** Seam: ask the owner of a shard; ask everybody. */
import type { Shard } from "#lib/queue/unit";

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

export interface Bus {
  /** @throws {NobodyAnswers} no owner, or none in time. */
  ask(shard: Shard, request: BusRequest): Promise<Json>;
  /** Answers of all workers that answer within the time limit. */
  askAll(request: BusRequest): Promise<readonly Json[]>;
  /** Answers for a shard while it is owned; the result ends it. */
  serveShard(shard: Shard, handler: BusHandler): () => void;
  serveWorker(handler: BusHandler): () => void;
}

export class NobodyAnswers extends Error {
  override readonly name = "NobodyAnswers";
}
