/** Questions of one record type: cached, asked once at a time, CNAMEs followed. */
import type { Clock } from "../clock.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { NameServers } from "./name-servers.ts";
import type { QueryType } from "./query.ts";
import type { Answer } from "./resolver.ts";
import {
  aliasesMax,
  type Order,
  type ReadRecord,
  type Statement,
  statementOf,
} from "./response.ts";

export interface RecordKind<T> {
  readonly type: QueryType;
  readonly read: ReadRecord<T>;
  /** The most wanted first. */
  readonly order?: Order<T>;
  /** What a record adds to the size of the cache, about in bytes. */
  readonly sizeOf: (record: T) => number;
}

export interface LookupPorts {
  readonly clock: Clock;
  readonly servers: NameServers;
  readonly cacheBytesMax: number;
}

/** An answer and for how long it holds; 0 is not kept. */
interface Result<T> {
  readonly answer: Answer<T>;
  readonly ttlMs: number;
}

/** Records are asked for again once a day at least: changes of mail exchangers must arrive. */
const ttlMaxMs = 24 * 3_600_000;
/**
 * RFC 2308 §5 lets it be hours, but a domain that was missing bounces mail: the mistake must pass
 * soon.
 */
const negativeTtlMaxMs = 15 * 60_000;
/**
 * RFC 9520 §3.2: one to five seconds at first, so that a storm of mail makes no storm of queries.
 */
const failureTtlMs = 5_000;
const entryBytes = 200;

export class Lookup<T> {
  readonly #kind: RecordKind<T>;
  readonly #servers: NameServers;
  readonly #cache: AnswerCache<Answer<T>>;
  readonly #running = new Map<string, Promise<Answer<T>>>();

  constructor(kind: RecordKind<T>, { clock, servers, cacheBytesMax }: LookupPorts) {
    this.#kind = kind;
    this.#servers = servers;
    this.#cache = new AnswerCache(clock, cacheBytesMax);
  }

  get cachedBytes(): number {
    return this.#cache.size;
  }

  /** `name` was checked by `queryName`. Never rejects. */
  async ask(name: string): Promise<Answer<T>> {
    const cached = this.#cache.get(name);
    if (cached !== undefined) return withTtl(cached.value, cached.leftMs);
    const running = this.#running.get(name);
    if (running !== undefined) return await running;
    const asking = this.#askAndKeep(name);
    this.#running.set(name, asking);
    return await asking;
  }

  async #askAndKeep(name: string): Promise<Answer<T>> {
    const { answer, ttlMs } = await this.#resolve(name);
    this.#running.delete(name);
    this.#cache.put(name, answer, { ttlMs, size: this.#sizeOf(name, answer) });
    return answer;
  }

  async #resolve(name: string): Promise<Result<T>> {
    try {
      return await this.#follow(name);
    } catch (error) {
      // Unknown is transient: whatever broke here, mail waits.
      return failed(`${this.#kind.type} ${name}: ${String(error)}`);
    }
  }

  async #follow(name: string): Promise<Result<T>> {
    let at = name;
    let ttlMs = ttlMaxMs;
    for (let aliases = 0; aliases <= aliasesMax; aliases++) {
      const said = await this.#statement(at);
      if (said.kind === "failure") return failed(said.reason);
      ttlMs = Math.min(ttlMs, said.ttlMs);
      if (said.kind === "records") {
        return { answer: { kind: "records", records: said.records, ttlMs }, ttlMs };
      }
      if (said.kind !== "alias") {
        return { answer: { kind: said.kind }, ttlMs: Math.min(ttlMs, negativeTtlMaxMs) };
      }
      at = said.target;
    }
    return failed(`${this.#kind.type} ${name}: too many CNAMEs`);
  }

  async #statement(name: string): Promise<Statement<T>> {
    const asked = await this.#servers.ask({ name, type: this.#kind.type });
    if (asked.kind === "failure") return asked;
    return statementOf(asked.response, name, this.#kind.read, this.#kind.order);
  }

  #sizeOf(name: string, answer: Answer<T>): number {
    let size = entryBytes + name.length;
    if (answer.kind !== "records") return size;
    for (const record of answer.records) size += this.#kind.sizeOf(record);
    return size;
  }
}

function failed<T>(reason: string): Result<T> {
  return { answer: { kind: "failure", reason }, ttlMs: failureTtlMs };
}

function withTtl<T>(answer: Answer<T>, ttlMs: number): Answer<T> {
  return answer.kind === "records" ? { ...answer, ttlMs } : answer;
}
