/** DNS in memory: answers from a zone, late or not at all where a test or a simulation says so. */
import type { Clock } from "../clock.ts";
import { queryName, receivedName } from "./name.ts";
import type { Answer, MxRecord, Resolver } from "./resolver.ts";
import { aliasesMax } from "./response.ts";
import { specialAbsence, specialAddresses } from "./special-names.ts";
import { type RecordOf, type RecordType, Zone } from "./zone.ts";

type QueryType = Exclude<RecordType, "cname">;

export interface MemoryResolverOptions {
  readonly clock: Clock;
  /** Asked for every query, so it may change its mind. */
  readonly latencyMs?: (name: string, type: QueryType) => number;
}

export class MemoryResolver implements Resolver {
  readonly zone = new Zone();
  readonly #options: MemoryResolverOptions | undefined;
  readonly #failures = new Map<string, string>();
  #failureOfAll: string | undefined;
  #queries = 0;

  /** Without a clock every answer is there at once. */
  constructor(options?: MemoryResolverOptions) {
    this.#options = options;
  }

  /** Queries so far. */
  get queryCount(): number {
    return this.#queries;
  }

  set<Type extends RecordType>(
    name: string,
    type: Type,
    records: readonly RecordOf[Type][],
    ttlMs?: number,
  ): this {
    this.zone.set(name, type, records, ttlMs);
    return this;
  }

  /** Queries for the name fail, as on SERVFAIL or a timeout; without a name, all do. */
  fail(reason: string, name?: string): void {
    if (name === undefined) this.#failureOfAll = reason;
    else this.#failures.set(queryName(name) ?? name, reason);
  }

  /** Takes `fail` back, for all names. */
  recover(): void {
    this.#failureOfAll = undefined;
    this.#failures.clear();
  }

  async mx(domain: string): Promise<Answer<MxRecord>> {
    const answer = await this.#answer(domain, "mx", (name) => {
      return specialAbsence(name) ?? this.#find(name, "mx");
    });
    if (answer.kind !== "records") return answer;
    const records = answer.records.map((it) => ({ ...it, exchange: receivedName(it.exchange) }));
    return { ...answer, records };
  }

  a(host: string): Promise<Answer<string>> {
    return this.#answer(host, "a", (name) => specialAddresses(name, "a") ?? this.#find(name, "a"));
  }

  aaaa(host: string): Promise<Answer<string>> {
    const find = (name: string) => specialAddresses(name, "aaaa") ?? this.#find(name, "aaaa");
    return this.#answer(host, "aaaa", find);
  }

  async txt(name: string): Promise<Answer<string>> {
    const answer = await this.#answer(name, "txt", (it) => {
      return specialAbsence(it) ?? this.#find(it, "txt");
    });
    if (answer.kind !== "records") return answer;
    return { ...answer, records: answer.records.map((strings) => strings.join("")) };
  }

  async #answer<T>(
    text: string,
    type: QueryType,
    find: (name: string) => Answer<T>,
  ): Promise<Answer<T>> {
    const name = queryName(text);
    if (name === undefined) return { kind: "nxdomain" };
    this.#queries += 1;
    const latencyMs = this.#options?.latencyMs?.(name, type) ?? 0;
    if (latencyMs > 0) await this.#options?.clock.sleep(latencyMs);
    return find(name);
  }

  #find<Type extends QueryType>(name: string, type: Type): Answer<RecordOf[Type]> {
    let at = name;
    let ttlMs = Number.POSITIVE_INFINITY;
    for (let aliases = 0; aliases <= aliasesMax; aliases++) {
      const failure = this.#failureOfAll ?? this.#failures.get(at);
      if (failure !== undefined) return { kind: "failure", reason: failure };
      const found = this.zone.find(at, type);
      if (found.kind !== "alias" && found.kind !== "records") return { kind: found.kind };
      ttlMs = Math.min(ttlMs, found.ttlMs);
      if (found.kind === "records") return { kind: "records", records: found.records, ttlMs };
      at = found.target;
    }
    return { kind: "failure", reason: `${name} has too many CNAMEs` };
  }
}
