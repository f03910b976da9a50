/** A YAML text that has rules and nothing else, as the shipped ones are. */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { assert } from "#lib/assert";
import { type Fault, type Finding, faultLine, findingsOf, keyText } from "#lib/config/fault";
import { type KeyPath, Places } from "#lib/config/place";
import type { Rule } from "./rule.ts";
import { automationSection, rulesOf } from "./rule-schema.ts";

const rulesFile = z.strictObject({ automation: automationSection });

export type RulesRead = { readonly rules: readonly Rule[] } | { readonly faults: readonly Fault[] };

/** Reads `automation:` of a text; `under` are the rules that it may replace. */
export function readRules(
  source: string,
  fileName: string,
  under: readonly Rule[] = [],
): RulesRead {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { line: Math.max(1, line), column: Math.max(1, col), key: "", message };
    });
    return { faults };
  }
  const parsed = rulesFile.safeParse(document.toJS({ maxAliasCount: 100 }), { reportInput: true });
  if (!parsed.success) {
    const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, rulesFile));
    return { faults: findings.map((finding) => placed(finding, places)) };
  }
  const provenanceOf = (i: number) => `${fileName}:${places.ofValue(["automation", i]).line}`;
  const { rules, unknown } = rulesOf(under, parsed.data.automation, provenanceOf);
  if (unknown.length === 0) return { rules };
  const findings = unknown.map((i) => unknownSwitch(["automation", i, "name"]));
  return { faults: findings.map((finding) => placed(finding, places)) };
}

function placed({ path, isKey, message, hint }: Finding, places: Places): Fault {
  const place = isKey ? places.ofKey(path) : places.ofValue(path);
  return { ...place, key: keyText(path), message, ...(hint === undefined ? {} : { hint }) };
}

/** What a rule without `do` is said to be when there is none of its name to turn on or off. */
export function unknownSwitch(path: KeyPath): Finding {
  const hint = "to write one of your own: say which replies, and do";
  return { path, isKey: false, message: "is not the name of a shipped rule", hint };
}

export const shippedFile = new URL("./shipped-rules.yaml", import.meta.url);
let shipped: readonly Rule[] | undefined;

/** Those that Godwit comes with; read once. */
export function shippedRules(): readonly Rule[] {
  shipped ??= readShipped(readFileSync(shippedFile, "utf8"));
  return shipped;
}

function readShipped(source: string): readonly Rule[] {
  const read = readRules(source, "shipped-rules.yaml");
  const faults = "faults" in read ? read.faults : [];
  const text = faults.map((fault) => faultLine("shipped-rules.yaml", fault)).join("\n");
  assert("rules" in read, `the shipped rules have no faults: ${text}`);
  return read.rules;
}
