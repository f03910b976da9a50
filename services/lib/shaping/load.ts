/** From the texts of shaping files to a `Shaping`, or to everything that is wrong with them at once. */
import { readFileSync } from "node:fs";
import { assert } from "#lib/assert";
import type { Rule } from "#lib/automation/rule";
import { rulesOf, type WrittenRule } from "#lib/automation/rule-schema";
import { shippedRules, unknownSwitch } from "#lib/automation/rules-file";
import { placed, readDocument } from "#lib/config/document";
import { type Fault, type Finding, findingsOf } from "#lib/config/fault";
import type { Places } from "#lib/config/place";
import { inconsistencies } from "./checks.ts";
import { contradictions, type FileFinding, type ReadEntries } from "./contradictions.ts";
import { fileForm } from "./form.ts";
import { type Layer, layerOf } from "./layer.ts";
import { LayeredShaping } from "./layered-shaping.ts";
import type { ShapingFile } from "./shaping.ts";
import { ruleProviders, writtenEntries } from "./written.ts";

export type LoadedShaping =
  | { readonly shaping: LayeredShaping }
  | { readonly faults: readonly Fault[] };

/** What Godwit brings along; a provenance says `shipped:12`. */
export const shippedFile: ShapingFile = {
  name: "shipped",
  text: readFileSync(new URL("./shipped.yaml", import.meta.url), "utf8"),
};

/** The shipped files alone. */
export function defaultShaping(): LayeredShaping {
  return shipped().shaping;
}

/** Later files over earlier ones, over the shipped ones; their faults in this order. */
export function loadShaping(files: readonly ShapingFile[]): LoadedShaping {
  if (files.length === 0) return { shaping: defaultShaping() };
  return loadOver({ read: [shipped().read], rules: shippedRules }, files);
}

/** The files by themselves, without the shipped ones: no limits and rules but theirs. */
export function loadShapingAlone(files: readonly ShapingFile[]): LoadedShaping {
  return loadOver({ read: [], rules: () => noRules }, files);
}

interface Below {
  readonly read: readonly Read[];
  readonly rules: () => readonly Rule[];
}

const noRules: readonly Rule[] = [];

function loadOver(below: Below, files: readonly ShapingFile[]): LoadedShaping {
  const read = files.map(readShaping);
  const readable = read.flatMap((each) => ("entries" in each ? [each] : []));
  const automation = layeredRules(readable, below.rules);
  // What a file would say that cannot be read at all, or understood, is not known.
  const isAllRead = readable.length === read.length;
  const isAllGood = isAllRead && readable.every(({ findings }) => findings.length === 0);
  const between = [
    ...(isAllRead ? contradictions(readable, below.read) : []),
    ...(isAllGood ? automation.findings : []),
  ];
  const faults = read.flatMap((each): readonly Fault[] => {
    if (!("entries" in each)) return each.faults;
    const findings = between.flatMap(({ file, finding }) => (file === each ? [finding] : []));
    return faultsIn(each.name, [...each.findings, ...findings], each.places);
  });
  if (faults.length > 0) return { faults };
  const layers = [...below.read, ...readable].map(({ layer }) => layer);
  return { shaping: new LayeredShaping(layers, automation.rules) };
}

interface Read extends ReadEntries {
  readonly findings: readonly Finding[];
  /** Empty when there are findings, as are the rules. */
  readonly layer: Layer;
  readonly automation: readonly WrittenRule[];
}

/** The later replace the earlier of their names, and those `below`. */
function layeredRules(files: readonly Read[], below: () => readonly Rule[]) {
  const findings: FileFinding[] = [];
  if (files.every(({ automation }) => automation.length === 0)) return { rules: below, findings };
  let rules = below();
  for (const file of files) {
    const placeOf = (i: number) => file.places.ofValue(["automation", i]);
    const over = rulesOf(rules, file.automation, (i) => `${file.name}:${placeOf(i).line}`);
    rules = over.rules;
    for (const i of over.unknown) {
      findings.push({ file, finding: unknownSwitch(["automation", i, "name"]) });
    }
  }
  return { rules: () => rules, findings };
}

function readShaping({ name, text }: ShapingFile): Read | { readonly faults: readonly Fault[] } {
  const document = readDocument(text);
  if ("faults" in document) {
    return { faults: document.faults.map((fault) => ({ file: name, ...fault })) };
  }
  const { value, places } = document;
  const parsed = fileForm.safeParse(value, { reportInput: true });
  const entries = writtenEntries(value);
  const issues = parsed.success ? [] : parsed.error.issues;
  const findings = [
    ...issues.flatMap((issue) => findingsOf(issue, fileForm)),
    ...inconsistencies(entries),
  ];
  const common = { name, entries, places, findings, ruleProviders: ruleProviders(value) };
  if (!parsed.success || findings.length > 0) return { ...common, layer: [], automation: [] };
  const { automation = [] } = parsed.data;
  return { ...common, layer: layerOf(parsed.data, name, places), automation };
}

function faultsIn(file: string, findings: readonly Finding[], places: Places): readonly Fault[] {
  return placed(findings, places).map((fault) => ({ file, ...fault }));
}

interface Shipped {
  readonly read: Read;
  readonly shaping: LayeredShaping;
}

let shippedOnce: Shipped | undefined;

/** It is read once. */
function shipped(): Shipped {
  if (shippedOnce === undefined) {
    const read = readShaping(shippedFile);
    assert("entries" in read && read.findings.length === 0, "what is shipped has no faults");
    const shaping = new LayeredShaping([read.layer], shippedRules);
    shippedOnce = { read, shaping };
  }
  return shippedOnce;
}
