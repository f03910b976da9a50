/** From the texts of shaping files to a `Shaping`, or to everything that is wrong with them at once. */
import { readFileSync } from "node:fs";
import { assert } from "#lib/assert";
import { placed, readDocument } from "#lib/config/document";
import { type Fault, type Finding, findingsOf } from "#lib/config/fault";
import type { Places } from "#lib/config/place";
import { inconsistencies } from "./checks.ts";
import { contradictions, type ReadEntries } from "./contradictions.ts";
import { fileForm } from "./form.ts";
import { type Layer, layerOf } from "./layer.ts";
import { LayeredShaping } from "./layered-shaping.ts";
import type { ShapingFile } from "./shaping.ts";
import { writtenEntries } from "./written.ts";

export type LoadedShaping =
  | { readonly shaping: LayeredShaping }
  | { readonly faults: readonly Fault[] };

/** What Godwit brings along; a provenance says `shipped:12`. */
export const shippedFile: ShapingFile = {
  name: "shipped",
  text: readFileSync(new URL("./shipped.yaml", import.meta.url), "utf8"),
};

/** The shipped file alone. */
export function defaultShaping(): LayeredShaping {
  return shipped().shaping;
}

/** Later files over earlier ones, over the shipped one; their faults in this order. */
export function loadShaping(files: readonly ShapingFile[]): LoadedShaping {
  if (files.length === 0) return { shaping: defaultShaping() };
  return loadOver([shipped().read], files);
}

/** The files by themselves, without the shipped one: no limits but theirs. */
export function loadShapingAlone(files: readonly ShapingFile[]): LoadedShaping {
  return loadOver([], files);
}

function loadOver(below: readonly Read[], files: readonly ShapingFile[]): LoadedShaping {
  const read = files.map(readShaping);
  const entries = read.flatMap((each) => ("entries" in each ? [each] : []));
  // What a file would say that cannot be read at all is not known.
  const between = entries.length < read.length ? [] : contradictions(entries, below);
  const faults = read.flatMap((each): readonly Fault[] => {
    if (!("entries" in each)) return each.faults;
    const findings = between.flatMap(({ file, finding }) => (file === each ? [finding] : []));
    return faultsIn(each.name, [...each.findings, ...findings], each.places);
  });
  if (faults.length > 0) return { faults };
  return { shaping: new LayeredShaping([...below, ...entries].map(({ layer }) => layer)) };
}

interface Read extends ReadEntries {
  readonly findings: readonly Finding[];
  /** Empty when there are findings. */
  readonly layer: Layer;
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
  const isGood = parsed.success && findings.length === 0;
  return {
    name,
    entries,
    places,
    findings,
    layer: isGood ? layerOf(parsed.data, name, places) : [],
  };
}

function faultsIn(file: string, findings: readonly Finding[], places: Places): readonly Fault[] {
  return placed(findings, places).map((fault) => ({ file, ...fault }));
}

let shippedOnce: { readonly read: Read; readonly shaping: LayeredShaping } | undefined;

/** It is read once. */
function shipped(): { readonly read: Read; readonly shaping: LayeredShaping } {
  if (shippedOnce === undefined) {
    const read = readShaping(shippedFile);
    assert("entries" in read && read.findings.length === 0, "what is shipped has no faults");
    shippedOnce = { read, shaping: new LayeredShaping([read.layer]) };
  }
  return shippedOnce;
}
