/** What a submitter says in `X-Godwit-…` fields: words for the queue, not for the recipient. */
import { asciiText, controlPrefix, type FieldRange } from "./header-section.ts";

/** As written; who may say what is not looked at here. */
export interface ControlFields {
  readonly tenant?: string;
  readonly campaign?: string;
  readonly pool?: string;
  readonly priority?: Priority;
}

export type Priority = "high" | "normal";

export type ControlParse =
  | { readonly ok: true; readonly fields: ControlFields }
  /** Our words, fit for a reply. */
  | { readonly ok: false; readonly fault: string };

/** A word that may stand in a file name, a metric's label and on a command line. */
const labelForm = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

const names = {
  tenant: "Tenant",
  campaign: "Campaign",
  pool: "Pool",
  priority: "Priority",
} as const;
type Key = keyof typeof names;
const keys: readonly Key[] = ["tenant", "campaign", "pool", "priority"];

const decoder = new TextDecoder();

/** Reads the fields that `summarizeHeader` found. */
export function parseControlFields(
  content: Uint8Array,
  controlFields: readonly FieldRange[],
): ControlParse {
  const found: Partial<Record<Key, string>> = {};
  for (const field of controlFields) {
    const key = keyOf(content, field);
    // One that nobody obeys was meant for something: a typo must not cost a campaign its name.
    if (key === undefined) return bad(`unknown field, there are ${known}`);
    if (found[key] !== undefined) return bad(`X-Godwit-${names[key]} stands there twice`);
    const value = asciiText(content, field) ?? "";
    if (!isRight(key, value)) return bad(`X-Godwit-${names[key]} must be ${formOf(key)}`);
    found[key] = value;
  }
  const { priority, ...labels } = found;
  const isHigh = priority?.toLowerCase() === "high";
  return {
    ok: true,
    fields: {
      ...labels,
      ...(priority === undefined ? undefined : { priority: isHigh ? "high" : "normal" }),
    },
  };
}

const known = keys.map((key) => `X-Godwit-${names[key]}`).join(", ");

function keyOf(content: Uint8Array, { nameStart, nameEnd }: FieldRange): Key | undefined {
  const start = nameStart + controlPrefix.length;
  const name = decoder.decode(content.subarray(start, nameEnd)).toLowerCase();
  return keys.find((key) => key === name);
}

function isRight(key: Key, value: string): boolean {
  return key === "priority" ? /^(?:high|normal)$/i.test(value) : labelForm.test(value);
}

function formOf(key: Key): string {
  if (key === "priority") return "high or normal";
  return "1 to 64 letters, digits and any of _ . @ -, beginning with a letter or digit";
}

function bad(fault: string): ControlParse {
  return { ok: false, fault };
}
