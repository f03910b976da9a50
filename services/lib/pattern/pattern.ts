/**
 * Regular expressions over what strangers send. RE2's syntax and its promise: time in proportion to
 * the text, whatever the pattern. A pattern of an operator, and a text of an attacker, cannot hold up
 * the process together.
 */
import { RE2JS, RE2JSException } from "re2js";

/** A text is looked at as far as this. A reply that says something says it sooner. */
export const patternTextMax = 1_024;
/** Of one source, in characters. */
const sourceMax = 1_000;
/**
 * Instructions of one program: `(a{1,999}){1,999}` is short, and neither its memory nor its time would
 * be. A rule has some hundred.
 */
const programMax = 2_000;

export interface Pattern {
  /** As it was written. */
  readonly source: string;
  /** True when it is found anywhere in the first `patternTextMax` characters. */
  test(text: string): boolean;
}

/**
 * Letter case is ignored; `(?-i:…)` minds it. There are no look-arounds and no back-references: no
 * engine can promise its time with them. `.` is any character but a line feed. A counted gap
 * (`.{0,60}`) costs a state for each place that it may have begun at: `.*` or a class is far cheaper.
 */
export function compilePattern(
  source: string,
): { readonly pattern: Pattern } | { readonly fault: string } {
  if (source === "") return { fault: "is empty, and would be found in everything" };
  if (source.length > sourceMax) return { fault: `has more than ${sourceMax} characters` };
  try {
    const compiled = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    if (compiled.programSize() > programMax) {
      return { fault: "repeats too much: it needs too many steps for each character" };
    }
    const test = (text: string) => compiled.test(text.slice(0, patternTextMax));
    return { pattern: { source, test } };
  } catch (error) {
    if (error instanceof RE2JSException) return { fault: faultOf(error) };
    throw error;
  }
}

function faultOf({ message }: RE2JSException): string {
  return `is no regular expression: ${message.replace(/^error parsing regexp: /, "")}`;
}
