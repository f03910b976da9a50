/** A YAML text that has rules and nothing else, as the shipped ones are. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { assert } from "#lib/assert";
import { placed, readDocument } from "#lib/config/document";
import { type Fault, type Finding, faultLine, findingsOf } from "#lib/config/fault";
import type { KeyPath } from "#lib/config/place";
import type { Rule } from "./rule.ts";
import { automationSection, rulesOf } from "./rule-schema.ts";

const rulesFile = z.strictObject({ automation: automationSection });

export type RulesRead = { readonly rules: readonly Rule[] } | { readonly faults: readonly Fault[] };

/** `name` as the operator will read it; `under` are the rules that it may replace. */
export function readRules(source: string, name: string, under: readonly Rule[] = []): RulesRead {
  const document = readDocument(source);
  if ("faults" in document) return document;
  const { value, places } = document;
  const parsed = rulesFile.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, rulesFile));
    return { faults: placed(findings, places) };
  }
  const provenanceOf = (i: number) => `${name}:${places.ofValue(["automation", i]).line}`;
  const { rules, unknown } = rulesOf(under, parsed.data.automation, provenanceOf);
  if (unknown.length === 0) return { rules };
  const findings = unknown.map((i) => unknownSwitch(["automation", i, "name"]));
  return { faults: placed(findings, places) };
}

/** What a rule without `do` is said to be when there is none of its name to turn on or off. */
export function unknownSwitch(path: KeyPath): Finding {
  const hint = "to write one of your own: say which replies, and do";
  return { path, isKey: false, message: "is not the name of a shipped rule", hint };
}

const shippedFile = new URL("./shipped-rules.yaml", import.meta.url);
let shipped: readonly Rule[] | undefined;

/** Those that Godwit comes with, `shipped-rules:12`; read once. */
export function shippedRules(): readonly Rule[] {
  shipped ??= readShipped(shippedRulesText());
  return shipped;
}

export function shippedRulesText(): string {
  return readFileSync(shippedFile, "utf8");
}

function readShipped(source: string): readonly Rule[] {
  const read = readRules(source, "shipped-rules");
  const faults = "faults" in read ? read.faults : [];
  const text = faults.map((fault) => faultLine("shipped-rules", fault)).join("\n");
  assert("rules" in read, `the shipped rules have no faults: ${text}`);
  return read.rules;
}
