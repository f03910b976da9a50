/** Files of suppressions: JSON lines, or CSV with or without a heading. */
import type { z } from "zod";
import { suppressionEntry } from "#proto/suppression";
import { type CsvRow, csvLine, csvRows } from "./csv.ts";

export type EntryFormat = "csv" | "jsonl";
export type Entry = z.output<typeof suppressionEntry>;

export interface EntryLine {
  /** Of the file, from 1. */
  readonly line: number;
  readonly entry: Entry;
}

export interface BadLine {
  readonly line: number;
  readonly fault: string;
}

/** What a line of JSON or a heading may name; an export has them in this order. */
const fields = ["address", "tenant", "reason", "note", "uid", "at", "expiresAt"] as const;
type Field = (typeof fields)[number];

/** Words that other senders' exports have for them. */
const headings: Readonly<Record<string, Field>> = {
  ...Object.fromEntries(fields.map((field) => [field.toLowerCase(), field])),
  email: "address",
  "email address": "address",
  emailaddress: "address",
  recipient: "address",
  description: "note",
  expires: "expiresAt",
  created: "at",
  createdat: "at",
};

/** JSON lines begin with a brace. */
export function formatOf(text: string): EntryFormat {
  return /^\s*\{/.test(text) ? "jsonl" : "csv";
}

/** Each line as an entry or as what is wrong with it; empty ones are neither. */
export function* readEntries(text: string, format: EntryFormat): Generator<EntryLine | BadLine> {
  const written = format === "jsonl" ? jsonLines(text) : csvLines(text);
  for (const one of written) yield "fault" in one ? one : checked(one);
}

interface WrittenLine {
  readonly line: number;
  readonly value: unknown;
}

function checked({ line, value }: WrittenLine): EntryLine | BadLine {
  const parsed = suppressionEntry.safeParse(value);
  if (parsed.success) return { line, entry: parsed.data };
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 || path[0] === "address" ? message : `${path.join(".")}: ${message}`,
  );
  return { line, fault: faults.join("; ") };
}

function* jsonLines(text: string): Generator<WrittenLine | BadLine> {
  let line = 0;
  for (const written of text.split("\n")) {
    line += 1;
    if (written.trim() === "") continue;
    try {
      yield { line, value: JSON.parse(written) };
    } catch {
      yield { line, fault: "is no JSON" };
    }
  }
}

function* csvLines(text: string): Generator<WrittenLine | BadLine> {
  let columns: readonly (Field | undefined)[] = ["address"];
  let isFirst = true;
  for (const row of csvRows(text)) {
    const named = isFirst ? columnsOf(row) : undefined;
    isFirst = false;
    if (named !== undefined) columns = named;
    else yield { line: row.line, value: fieldsOf(row, columns) };
  }
}

/** Undefined when it is no heading: then there is an address in the first column. */
function columnsOf({ cells }: CsvRow): readonly (Field | undefined)[] | undefined {
  const columns = cells.map((cell) => headings[cell.trim().toLowerCase()]);
  return columns.includes("address") ? columns : undefined;
}

function fieldsOf({ cells }: CsvRow, columns: readonly (Field | undefined)[]) {
  const value: Partial<Record<Field, string>> = {};
  for (const [i, field] of columns.entries()) {
    const cell = cells[i]?.trim() ?? "";
    if (field !== undefined && cell !== "") value[field] = cell;
  }
  return value;
}

/** For the first line of a CSV. */
export const csvHeading = csvLine(fields);

/** As an export has it: times as dates. */
export function entryLine(
  entry: Readonly<Partial<Record<Field, string | number>>>,
  format: EntryFormat,
): string {
  const at = (time: string | number | undefined) =>
    typeof time === "number" ? new Date(time).toISOString() : time;
  const written = { ...entry, at: at(entry.at), expiresAt: at(entry.expiresAt) };
  if (format === "jsonl") return `${JSON.stringify(written)}\n`;
  return csvLine(fields.map((field) => String(written[field] ?? "")));
}
