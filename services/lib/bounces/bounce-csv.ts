/** Bounces as CSV (RFC 4180) that no spreadsheet runs and no terminal obeys. */
import { withoutControls } from "./reply-text.ts";

/** A bounce as it is shown: its words may be of a later version. */
export interface ShownBounce {
  readonly at: number;
  readonly uid: string;
  readonly kind: string;
  readonly class: string;
  readonly rule: string;
  readonly recipient: { readonly path: string };
  readonly reversePath: string;
  readonly destination: string;
  readonly code?: number | undefined;
  readonly status: string;
  readonly text: string;
  readonly remote?: string | undefined;
  readonly source?: string | undefined;
  readonly tenant?: string | undefined;
  readonly campaign?: string | undefined;
  readonly attempt: number;
}

const columns: readonly (readonly [
  string,
  (bounce: ShownBounce) => string | number | undefined,
])[] = [
  ["at", ({ at }) => new Date(at).toISOString()],
  ["kind", ({ kind }) => kind],
  ["class", (bounce) => bounce.class],
  ["rule", ({ rule }) => rule],
  ["recipient", ({ recipient }) => recipient.path],
  ["reverse_path", ({ reversePath }) => reversePath],
  ["destination", ({ destination }) => destination],
  ["code", ({ code }) => code],
  ["status", ({ status }) => status],
  ["text", ({ text }) => text],
  ["remote", ({ remote }) => remote],
  ["source", ({ source }) => source],
  ["tenant", ({ tenant }) => tenant],
  ["campaign", ({ campaign }) => campaign],
  ["attempt", ({ attempt }) => attempt],
  ["uid", ({ uid }) => uid],
];

export function bounceCsv(
  bounces: readonly ShownBounce[],
  { hasHeading }: { readonly hasHeading: boolean },
): string {
  const rows = bounces.map((bounce) => columns.map(([, of]) => csvCell(of(bounce) ?? "")));
  const heading = hasHeading ? [columns.map(([name]) => name)] : [];
  return [...heading, ...rows].map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** A cell that begins so is a formula to a spreadsheet; with an apostrophe before it, it is text. */
const formula = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]/;

export function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = withoutControls(value);
  const harmless = formula.test(text) ? `'${text}` : text;
  return /["',;]|^ | $/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
