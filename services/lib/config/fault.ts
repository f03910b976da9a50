/** What is wrong with the configuration, and where. */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import type { KeyPath, Place } from "./place.ts";
import { quote, scalarText } from "./value.ts";

export interface Fault extends Place {
  /** In which it stands, when that is another one than `godwit.yaml`. */
  readonly file?: string;
  /** `listeners[1].port`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
  readonly hint?: string;
}

/** A fault before its place is known. */
export interface Finding {
  readonly path: KeyPath;
  /** It is the key that is wrong, not its value. */
  readonly isKey: boolean;
  readonly message: string;
  readonly hint?: string;
}

/** `godwit.yaml:12:5: listeners[1].port: 70000 is no port (a number from 1 to 65535)` */
export function faultLine(fileName: string, fault: Fault): string {
  const { file = fileName, line, column, key, message, hint } = fault;
  const subject = key === "" ? "" : `${key}: `;
  return `${file}:${line}:${column}: ${subject}${message}${hint === undefined ? "" : ` (${hint})`}`;
}

export function keyText(path: KeyPath): string {
  return path.reduce<string>((sum, step) => {
    if (typeof step === "number") return `${sum}[${step}]`;
    return sum === "" ? step : `${sum}.${step}`;
  }, "");
}

/** Findings of an issue that zod reports; several unknown keys are several. */
export function findingsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Finding[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(key, path, schema));
  }
  if (issue.code === "invalid_key") {
    const found = issue.issues.flatMap((inner) => findingsOf(inner, schema));
    return found.map((finding) => ({ ...finding, path, isKey: true }));
  }
  const common = { path, isKey: false };
  if (issue.input === undefined && issue.code !== "custom") {
    return [{ ...common, message: "is missing" }];
  }
  if (issue.code === "custom") {
    const hint: unknown = issue.params?.hint;
    return [{ ...common, message: issue.message, ...(typeof hint === "string" ? { hint } : {}) }];
  }
  if (issue.code === "invalid_value") return [{ ...common, ...choice(issue.input, issue.values) }];
  if (issue.code === "invalid_type") {
    const { input, expected } = issue;
    return [{ ...common, message: `${quote(input)} is no ${kinds[expected] ?? expected}` }];
  }
  return [{ ...common, message: issue.message }];
}

const kinds: Readonly<Record<string, string>> = {
  object: "group of keys",
  record: "group of keys",
  array: "list",
  boolean: "true or false",
  string: "text",
  int: "whole number",
};

function choice(input: unknown, values: readonly unknown[]): { message: string; hint: string } {
  const words = values.map(String);
  const likely = nearest(scalarText(input), words);
  const hint = likely === undefined ? `one of ${words.join(", ")}` : `did you mean ${likely}?`;
  return { message: `${quote(input)} is not known`, hint };
}

function unknownKey(key: string, parent: KeyPath, schema: z.ZodType): Finding {
  const known = keysAt(schema, parent);
  const likely = nearest(key, known);
  const elsewhere = likely === undefined ? placeOfKey(schema, key) : undefined;
  const hint =
    likely !== undefined
      ? `did you mean ${likely}?`
      : elsewhere !== undefined
        ? `it belongs into ${elsewhere}`
        : `known here: ${known.join(", ")}`;
  return { path: [...parent, key], isKey: true, message: "is not a known key", hint };
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: KeyPath): readonly string[] {
  let at: unknown = unwrapped(schema);
  for (const step of path) {
    if (at instanceof z.ZodArray) at = unwrapped(at.element);
    else if (at instanceof z.ZodRecord) at = unwrapped(at.valueType);
    else if (at instanceof z.ZodObject) at = unwrapped(at.shape[step]);
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Where a key is known that is unknown where it was found, when there is one such place. */
function placeOfKey(schema: z.ZodType, key: string): string | undefined {
  const places = [...groups(unwrapped(schema), "")].filter(({ keys }) => keys.includes(key));
  const [place, another] = places;
  if (place === undefined || another !== undefined) return undefined;
  return place.path === "" ? "the top level" : place.path;
}

function* groups(
  schema: unknown,
  path: string,
): Generator<{ readonly path: string; readonly keys: readonly string[] }> {
  if (schema instanceof z.ZodArray) yield* groups(unwrapped(schema.element), `${path}[]`);
  if (schema instanceof z.ZodRecord) yield* groups(unwrapped(schema.valueType), `${path}.*`);
  if (!(schema instanceof z.ZodObject)) return;
  yield { path, keys: Object.keys(schema.shape) };
  for (const [key, child] of Object.entries(schema.shape)) {
    yield* groups(unwrapped(child), path === "" ? key : `${path}.${key}`);
  }
}

/** A schema without what stands around it: defaults, options, transformations. */
function unwrapped(schema: unknown): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrapped(schema.unwrap());
  }
  if (!(schema instanceof z.ZodPipe)) return schema;
  const written = unwrapped(schema.in);
  // What takes anything has its form behind it: one, or a list of them.
  const isAnything = written instanceof z.ZodUnknown || written instanceof z.ZodTransform;
  return isAnything ? unwrapped(schema.out) : written;
}
