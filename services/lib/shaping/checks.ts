/** What must hold within a file, beyond the form of its values (ADR 0015). */
import { finding, groupOf, repeated } from "#lib/config/consistency";
import type { Finding } from "#lib/config/fault";
import { domainPattern } from "#lib/config/value";
import { dimensionOf } from "./form.ts";
import { type Section, textsIn, type WrittenAt } from "./written.ts";

export function inconsistencies(entries: readonly WrittenAt[]): readonly Finding[] {
  return [
    ...entries.flatMap(nameFaults),
    ...repeatedDomains(entries),
    ...entries.flatMap(scopeFaults),
    ...entries.flatMap(onlyFaults),
    ...entries.flatMap(concurrencyFaults),
  ];
}

interface NameForm {
  readonly of: string;
  readonly form: RegExp;
  readonly hint: string;
}

const plain = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const ofSender = /^(?:\*|[A-Za-z0-9][A-Za-z0-9_.@-]{0,63})$/;

const nameForms: Readonly<Record<Exclude<Section, "default" | "domains">, NameForm>> = {
  // What is no name stands for itself: a domain has dots, `mx:` begins a set of hosts.
  providers: {
    of: "provider",
    form: /^(?!mx$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    hint: "letters, digits, - and _, and not mx",
  },
  limits: { of: "limit", form: plain, hint: "letters, digits, - and _" },
  sources: { of: "source", form: ofSender, hint: "letters, digits and any of _ . @ -; or *" },
  tenants: { of: "tenant", form: ofSender, hint: "letters, digits and any of _ . @ -; or *" },
  campaigns: { of: "campaign", form: ofSender, hint: "letters, digits and any of _ . @ -; or *" },
};

function nameFaults({ section, name, path }: WrittenAt): readonly Finding[] {
  if (section === "default") return [];
  const key = { path, isKey: true };
  if (section === "domains") {
    const domain = domainPattern(name);
    if (domain.ok) return [];
    const { message, hint } = name === "*" ? everyDomain : domain;
    return [{ ...key, message, ...(hint === undefined ? {} : { hint }) }];
  }
  const { of, form, hint } = nameForms[section];
  return form.test(name) ? [] : [{ ...key, message: `is no name of a ${of}`, hint }];
}

const everyDomain = {
  message: "stands for no domain",
  hint: "default, or one of limits with scope: [destination]",
};

/** The same domain in two spellings. */
function repeatedDomains(entries: readonly WrittenAt[]): readonly Finding[] {
  const groups = new Map<string, { value: string; path: WrittenAt["path"] }[]>();
  for (const { section, name, path } of entries) {
    const domain = section === "domains" ? domainPattern(name) : undefined;
    if (!domain?.ok) continue;
    const key = path.slice(0, -1).join(" ");
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push({ value: domain.value, path });
  }
  const findings = [...groups.values()].flatMap((group) => repeated(group));
  return findings.map((each) => ({ ...each, isKey: true }));
}

function scopeFaults({ entry, path, within, section }: WrittenAt): readonly Finding[] {
  const per = textsIn(entry.per, [...path, "per"]);
  const dimensions = [section, within].map((of) =>
    of === "sources" || of === "tenants" || of === "campaigns" ? dimensionOf[of] : undefined,
  );
  const own = per.filter(({ value }) => dimensions.some((dimension) => dimension === value));
  return [
    ...repeated(per),
    ...own.map((at) =>
      finding(at.path, `"${at.value}" is counted by itself already`, "leave it out"),
    ),
    ...repeated(textsIn(entry.scope, [...path, "scope"])),
    ...(Array.isArray(entry.scope) && entry.scope.length === 0
      ? [
          finding(
            [...path, "scope"],
            "is empty",
            "what each has a count of its own, such as [tenant]",
          ),
        ]
      : []),
  ];
}

function onlyFaults({ entry, path, section }: WrittenAt): readonly Finding[] {
  if (section !== "limits") return [];
  const only = groupOf(entry.only);
  return (["sources", "tenants", "campaigns"] as const).flatMap((part) => {
    const dimension = dimensionOf[part];
    const { form, of } = nameForms[part];
    return textsIn(only[dimension], [...path, "only", dimension])
      .filter(({ value }) => value === "*" || !form.test(value))
      .map((at) =>
        finding(at.path, `"${at.value}" is no name of a ${of}`, "those it is for, by name"),
      );
  });
}

function concurrencyFaults({ entry, path }: WrittenAt): readonly Finding[] {
  const { first, max } = groupOf(entry.concurrency);
  if (typeof first !== "number" || typeof max !== "number" || first <= max) return [];
  const hint = "sessions to begin with, and the most that there may be";
  return [finding([...path, "concurrency", "first"], "is more than max", hint)];
}
