/** Many patterns asked in as few passes as their programs' size allows. */
import { compilePattern, type Pattern } from "#lib/pattern/pattern";

/** One of them matches what any of `patterns` does, and nothing else. */
export function combinedPatterns(patterns: readonly Pattern[]): readonly Pattern[] {
  if (patterns.length < 2) return patterns;
  const made = compilePattern(patterns.map(({ source }) => `(?:${source})`).join("|"));
  if ("pattern" in made) return [made.pattern];
  // Too large for one.
  const half = Math.ceil(patterns.length / 2);
  return [...combinedPatterns(patterns.slice(0, half)), ...combinedPatterns(patterns.slice(half))];
}
