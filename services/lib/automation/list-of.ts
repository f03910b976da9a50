/** A key that takes one value, or a list of them. */
import { z } from "zod";
import { quote, type ValueParser } from "#lib/config/value";

/** Each fault stands at its value. */
export function listOf<T>(parse: ValueParser<T>) {
  return z.unknown().transform((value, context): readonly T[] => {
    const isList = Array.isArray(value);
    const values: readonly unknown[] = isList ? value : [value];
    const read: T[] = [];
    const issue = (message: string, hint: string | undefined, path: number[], input: unknown) =>
      context.issues.push({ code: "custom", message, params: { hint }, path, input });
    if (value === undefined) issue("is missing", undefined, [], value);
    for (const [i, each] of value === undefined ? [] : values.entries()) {
      const parsed = parse(each);
      if (parsed.ok) read.push(parsed.value);
      else issue(parsed.message, parsed.hint, isList ? [i] : [], each);
    }
    return read;
  });
}

/** One that is not empty. */
export function someOf<T>(parse: ValueParser<T>) {
  return listOf(parse).superRefine((values, context) => {
    if (values.length > 0) return;
    context.addIssue({
      code: "custom",
      message: `${quote([])} names none`,
      params: { hint: "leave the key out for all" },
    });
  });
}
