/** Many patterns asked in one pass over a text, however many there are. */
import { RE2JS, RE2Set } from "re2js";
import { type Pattern, patternTextMax } from "./pattern.ts";

const nothing: readonly number[] = [];

export class PatternSet {
  readonly #set: RE2Set | undefined;

  constructor(patterns: readonly Pattern[]) {
    if (patterns.length === 0) return;
    this.#set = new RE2Set(RE2Set.UNANCHORED, RE2JS.CASE_INSENSITIVE);
    for (const { source } of patterns) this.#set.add(source);
    this.#set.compile();
  }

  /** Indices of those that are found in the first `patternTextMax` characters. */
  found(text: string): readonly number[] {
    return this.#set?.match(text.slice(0, patternTextMax)) ?? nothing;
  }
}
