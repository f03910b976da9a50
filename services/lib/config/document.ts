/** A YAML text: its plain value and where everything stands, or what is wrong with its syntax. */
import {
  type Document,
  isAlias,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";
import { type Fault, type Finding, keyText } from "./fault.ts";
import { Places } from "./place.ts";

export type ReadDocument =
  | { readonly value: unknown; readonly places: Places }
  | { readonly faults: readonly Fault[] };

export function readDocument(source: string): ReadDocument {
  const lines = new LineCounter();
  // The parser compares each key with each other: a minute for a file of 20,000 domains.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false };
  const document = parseDocument(source, options);
  const faults = [
    ...document.errors.map(({ pos, message }) => syntaxFault(lines, pos[0], message)),
    ...repeatedKeys(document, lines),
    ...badAliases(document, lines),
  ];
  if (faults.length > 0) return { faults };
  const value = plainValue(document);
  if (value instanceof Error) return { faults: [syntaxFault(lines, 0, value.message)] };
  return { value, places: new Places(document, lines) };
}

/** In the order in which they stand in the file. */
export function placed(findings: readonly Finding[], places: Places): Fault[] {
  const faults = findings.map(({ path, isKey, message, hint }) => ({
    ...(isKey ? places.ofKey(path) : places.ofValue(path)),
    key: keyText(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  }));
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}

function repeatedKeys(document: Document, lines: LineCounter): readonly Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const offset = key.range?.[0] ?? 0;
        if (seen.has(name)) faults.push(syntaxFault(lines, offset, "Map keys must be unique"));
        seen.add(name);
      }
    },
  });
  return faults;
}

/** One that stands within what it refers to would be a value without end. */
function badAliases(document: Document, lines: LineCounter): readonly Fault[] {
  const faults: Fault[] = [];
  const anchored = new Map<string, Node>();
  visit(document, {
    Node(_, node, path) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchored.set(node.anchor, node);
        return;
      }
      const meant = anchored.get(node.source);
      const isCircular = meant !== undefined && path.includes(meant);
      if (meant !== undefined && !isCircular) return;
      const fault = isCircular ? circular(node.source) : unknownAnchor(node.source);
      faults.push({ ...syntaxFault(lines, node.range?.[0] ?? 0, fault.message), hint: fault.hint });
    },
  });
  return faults;
}

function circular(anchor: string) {
  const hint = `write out what is meant: it stands within &${anchor}`;
  return { message: `*${anchor} refers to itself`, hint };
}

function unknownAnchor(anchor: string) {
  const hint = `&${anchor} must stand before it`;
  return { message: `*${anchor} refers to nothing`, hint };
}

/** An empty file is one without keys. */
function plainValue(document: Document): unknown {
  try {
    // An alias of aliases can be made to unfold without end.
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function syntaxFault(lines: LineCounter, offset: number, message: string): Fault {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col), key: "", message };
}
