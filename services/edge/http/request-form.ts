/** From a request's bytes to a submission, or to what is wrong with it and where. */
import type { z } from "zod";
import { keyText } from "#lib/config/fault";
import { messageRequest, rawQuery } from "./description/request-schema.ts";
import { jsonFaultPlace } from "./json-place.ts";
import type { Submission } from "./message/submission.ts";
import { Problem } from "./problem.ts";
import { rawSubmission, refuseFaults, writtenSubmission } from "./written-submission.ts";

export const jsonType = "application/json";
export const rawType = "message/rfc822";

/** The type without its parameters. @throws {Problem} 415 */
export function requestType(headers: Headers): typeof jsonType | typeof rawType {
  const coding = headers.get("content-encoding");
  if (coding !== null && coding !== "identity") {
    throw new Problem(415, `content coding ${coding} is not known: send it as it is`);
  }
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === jsonType || type === rawType) return type;
  throw new Problem(415, `content-type must be ${jsonType} or ${rawType}`);
}

/** @throws {Problem} 400 */
export function jsonSubmission(text: string): Submission {
  return writtenSubmission(checked(messageRequest, parsedJson(text)));
}

/** @throws {Problem} 400 */
export function querySubmission(query: URLSearchParams, content: Uint8Array): Submission {
  const fields: Record<string, unknown> = Object.fromEntries(query);
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key);
    if (key === "recipient") fields[key] = values;
    else if (values.length > 1) throw new Problem(400, `${key} stands in the query twice`);
  }
  return rawSubmission(checked(rawQuery, fields), content);
}

/** RFC 8259 §8.1. @throws {Problem} 400 */
export function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, "the request is not UTF-8");
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column } = jsonFaultPlace(text);
    const detail = `the request is no JSON: line ${line}, column ${column}`;
    throw new Problem(400, detail, { more: { line, column } });
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value, { reportInput: false });
  if (parsed.success) return parsed.data;
  refuseFaults(parsed.error.issues.flatMap(faultsOf));
  throw parsed.error;
}

function faultsOf(issue: z.core.$ZodIssue) {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: keyText([...path, key]), message: "is not known" }));
  }
  return [{ path: keyText(path), message: lowered(issue.message) }];
}

/** Zod's own sentences begin in capitals, and stand behind the name of a key here. */
function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
