/** A YAML text: its plain value and where everything stands, or what is wrong with its syntax. */
import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
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
