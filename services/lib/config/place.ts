/** Where in the YAML text a key or value stands. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";

export type KeyPath = readonly (string | number)[];

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;
  /** By key: a group may have thousands, and each is looked for. */
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair<unknown, unknown>>>();

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Of the value at `path`; when it is missing, where the group that lacks it begins. */
  ofValue(path: KeyPath): Place {
    const { node, rest } = this.#descend(path);
    const group = path.slice(0, path.length - rest.length);
    const keyOffset = rest.length === 0 ? undefined : this.#keyOffset(group);
    return this.#at(keyOffset ?? node?.range?.[0] ?? 0);
  }

  /** Of the key itself, for a key that should not be there. */
  ofKey(path: KeyPath): Place {
    const offset = this.#keyOffset(path);
    return offset === undefined ? this.ofValue(path) : this.#at(offset);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #keyOffset(path: KeyPath): number | undefined {
    const key = path.at(-1);
    const { node, rest } = this.#descend(path.slice(0, -1));
    if (rest.length > 0 || !isMap(node)) return undefined;
    const pair = this.#pairsOf(node).get(String(key));
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }

  #descend(path: KeyPath): { node: Node | undefined; rest: KeyPath } {
    let node: Node | undefined = this.#document.contents ?? undefined;
    for (const [i, step] of path.entries()) {
      const child = this.#child(node, step);
      if (child === undefined) return { node, rest: path.slice(i) };
      node = child;
    }
    return { node, rest: [] };
  }

  #child(parent: Node | undefined, step: string | number): Node | undefined {
    const node = isAlias(parent) ? parent.resolve(this.#document) : parent;
    if (isSeq<Node>(node)) return node.items[Number(step)];
    // One value where a list of them may stand.
    if (step === 0) return node ?? undefined;
    if (!isMap(node)) return undefined;
    const value = this.#pairsOf(node).get(String(step))?.value;
    return isNode(value) ? value : undefined;
  }

  #pairsOf(map: YAMLMap): ReadonlyMap<string, Pair<unknown, unknown>> {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known;
    const pairs = new Map(map.items.map((pair) => [keyOf(pair.key), pair]));
    this.#pairs.set(map, pairs);
    return pairs;
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}
