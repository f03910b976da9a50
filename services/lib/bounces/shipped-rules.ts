/** The rules that come with Godwit, read once. */
import { readFileSync } from "node:fs";
import { assert } from "../assert.ts";
import { type Classify, classifier } from "./classifier.ts";
import { type BounceRules, readRules } from "./rules.ts";

const file = new URL("./rules.yaml", import.meta.url);

let classify: Classify | undefined;

export function shippedRules(): BounceRules {
  const read = readRules(readFileSync(file, "utf8"));
  assert("rules" in read, `rules.yaml is sound: ${"faults" in read ? read.faults.join("; ") : ""}`);
  return read.rules;
}

/** By the shipped rules. */
export function shippedClassifier(): Classify {
  classify ??= classifier(shippedRules());
  return classify;
}
