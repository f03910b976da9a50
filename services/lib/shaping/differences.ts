/** What one shaping changes against another, key by key. */
import type { Rule } from "#lib/automation/rule";
import { type Entry, valueText } from "./entry.ts";
import type { LayeredShaping } from "./layered-shaping.ts";
import type { Rules } from "./rules.ts";

export interface Difference {
  /** `providers.google`. */
  readonly entry: string;
  readonly key: string;
  /** Undefined: it had none, or has none any more. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Of what is now; of what was, when nothing is. */
  readonly provenance: string;
}

/** Of entries, then of rules on replies by their names. */
export function differences(after: LayeredShaping, before: LayeredShaping): readonly Difference[] {
  return [
    ...entryDifferences(after.rules, before.rules),
    ...automationDifferences(after.automation, before.automation),
  ];
}

function automationDifferences(
  after: readonly Rule[],
  before: readonly Rule[],
): readonly Difference[] {
  const then = new Map(before.map((rule) => [rule.name, rule]));
  return after.flatMap((rule) => {
    const { name: key, provenance } = rule;
    const was = then.get(key);
    if (was?.provenance === provenance) return [];
    const entry = "automation";
    return [{ entry, key, before: was && ruleText(was), after: ruleText(rule), provenance }];
  });
}

function ruleText({ isOff, actions }: Rule): string {
  return isOff ? "off" : actions.map(({ effect }) => effect.kind).join(", ");
}

function entryDifferences(after: Rules, before: Rules): readonly Difference[] {
  const paths = [...before.all(), ...after.all()].map(({ path }) => path);
  const once = new Map(paths.map((path) => [path.join("."), path]));
  return [...once].flatMap(([name, path]) =>
    differentKeys(name, after.at(path) ?? {}, before.at(path) ?? {}),
  );
}

function differentKeys(entry: string, after: Entry, before: Entry): readonly Difference[] {
  const now = located(after);
  const then = located(before);
  const keys = [...new Set([...then.keys(), ...now.keys()])];
  return keys.flatMap((key) => {
    const [was, is] = [then.get(key), now.get(key)];
    const provenance = is?.provenance ?? was?.provenance ?? "";
    const difference = { entry, key, before: was?.text, after: is?.text, provenance };
    return difference.before === difference.after ? [] : [difference];
  });
}

function located(entry: Entry): ReadonlyMap<string, { text: string; provenance: string }> {
  return new Map(
    Object.entries(entry).map(([key, { value, provenance }]) => [
      key,
      { text: valueText(key, value), provenance },
    ]),
  );
}
