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

type Node = { [Type in RecordType]?: RecordSet<Type> };

export const defaultTtlMs = 300_000;

export class Zone {
  readonly #nodes = new Map<string, Node>();

  /** Replaces the records of that type; without any, the name exists nevertheless. */
  set<Type extends RecordType>(
    name: string,
    type: Type,
    records: readonly RecordOf[Type][],
    ttlMs: number = defaultTtlMs,
  ): this {
    const key = receivedName(name);
    const node: Node = this.#nodes.get(key) ?? {};
    node[type] = { records, ttlMs } as Node[Type];
    this.#nodes.set(key, node);
    return this;
  }

  /** The name and all its records are gone. */
  delete(name: string): void {
    this.#nodes.delete(receivedName(name));
  }

  find<Type extends RecordType>(name: string, type: Type): Found<Type> {
    const node = this.#nodes.get(receivedName(name));
    if (node === undefined) return { kind: "nxdomain" };
    const found: RecordSet<Type> | undefined = node[type];
    if (found !== undefined && found.records.length > 0) return { kind: "records", ...found };
    const target = node.cname?.records[0];
    if (target === undefined) return { kind: "none" };
    return { kind: "alias", target: receivedName(target), ttlMs: node.cname?.ttlMs ?? 0 };
  }
}
