/** A table of records, for the resolver in memory and for a name server in tests. */
import { receivedName } from "./name.ts";
import type { MxRecord } from "./resolver.ts";

/** What a record of each type holds, in our words. */
export interface RecordOf {
  readonly mx: MxRecord;
  readonly a: string;
  readonly aaaa: string;
  /** The strings of one record, not joined yet. */
  readonly txt: readonly string[];
  /** Its target; stands alone at its name (RFC 1034 §3.6.2). */
  readonly cname: string;
}

export type RecordType = keyof RecordOf;

export interface RecordSet<Type extends RecordType> {
  readonly records: readonly RecordOf[Type][];
  readonly ttlMs: number;
}

export type Found<Type extends RecordType> =
  | ({ readonly kind: "records" } & RecordSet<Type>)
  | { readonly kind: "alias"; readonly target: string; readonly ttlMs: number }
  | { readonly kind: "none" }
  | { readonly kind: "nxdomain" };

type Sets = { readonly [Type in RecordType]: Map<string, RecordSet<Type>> };

const defaultTtlMs = 300_000;

export class Zone {
  readonly #names = new Set<string>();
  readonly #sets: Sets = {
    mx: new Map(),
    a: new Map(),
    aaaa: new Map(),
    txt: new Map(),
    cname: new Map(),
  };

  /** Replaces the records of that type; without any, the name exists nevertheless. */
  set<Type extends RecordType>(
    name: string,
    type: Type,
    records: readonly RecordOf[Type][],
    ttlMs: number = defaultTtlMs,
  ): this {
    const key = receivedName(name);
    this.#names.add(key);
    this.#sets[type].set(key, { records, ttlMs });
    return this;
  }

  /** The name and all its records are gone. */
  delete(name: string): void {
    const key = receivedName(name);
    this.#names.delete(key);
    for (const set of Object.values(this.#sets)) set.delete(key);
  }

  find<Type extends RecordType>(name: string, type: Type): Found<Type> {
    const key = receivedName(name);
    if (!this.#names.has(key)) return { kind: "nxdomain" };
    const found = this.#sets[type].get(key);
    if (found !== undefined && found.records.length > 0) return { kind: "records", ...found };
    const alias = this.#sets.cname.get(key);
    const target = alias?.records[0];
    if (alias === undefined || target === undefined) return { kind: "none" };
    return { kind: "alias", target: receivedName(target), ttlMs: alias.ttlMs };
  }
}
