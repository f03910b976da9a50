/**
 * The entries of a file as they were written, good or not: so that a fault in one place hides none
 * in another.
 */
import { type Group, groupOf } from "#lib/config/consistency";
import type { KeyPath } from "#lib/config/place";
import { type Part, parts } from "./form.ts";

export type Section = "default" | "providers" | "domains" | "limits" | Part;

export interface WrittenAt {
  readonly path: KeyPath;
  readonly section: Section;
  /** Empty of `default`. */
  readonly name: string;
  readonly entry: Group;
  /** In which it stands, when it is not at the top. */
  readonly within: Part | undefined;
}

/** Those that rules on replies are about. */
export function ruleProviders(
  written: unknown,
): readonly { readonly value: string; readonly path: KeyPath }[] {
  const { automation } = groupOf(written);
  const rules: readonly unknown[] = Array.isArray(automation) ? automation : [];
  return rules.flatMap((rule, i) => textsIn(groupOf(rule).provider, ["automation", i, "provider"]));
}

export function writtenEntries(written: unknown): readonly WrittenAt[] {
  const file = groupOf(written);
  return [
    ...waysIn(file, [], undefined),
    ...parts.flatMap((part) =>
      named(file, { path: [], section: part, within: undefined }).flatMap((at) => [
        at,
        ...waysIn(at.entry, at.path, part),
      ]),
    ),
    ...named(file, { path: [], section: "limits", within: undefined }),
  ];
}

function waysIn(group: Group, path: KeyPath, within: Part | undefined): readonly WrittenAt[] {
  const rest = group.default;
  const section = "default";
  const entry = groupOf(rest);
  return [
    ...(rest === undefined
      ? []
      : [{ path: [...path, section], section, name: "", entry, within } as const]),
    ...named(group, { path, section: "providers", within }),
    ...named(group, { path, section: "domains", within }),
  ];
}

function named(
  group: Group,
  at: Pick<WrittenAt, "path" | "section" | "within">,
): readonly WrittenAt[] {
  return Object.entries(groupOf(group[at.section])).map(([name, entry]) => ({
    ...at,
    path: [...at.path, at.section, name],
    name,
    entry: groupOf(entry),
  }));
}

/** The texts of a list, or one alone, and where they stand. */
export function textsIn(
  value: unknown,
  path: KeyPath,
): readonly { value: string; path: KeyPath }[] {
  if (typeof value === "string") return [{ value, path }];
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((text, i) =>
    typeof text === "string" ? [{ value: text, path: [...path, i] }] : [],
  );
}
