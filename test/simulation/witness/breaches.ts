/** Rules that were broken: the first one ends the run. */
import type { Trail } from "./trail.ts";

export interface Breach {
  readonly rule: string;
  /** Words by which the events concerned are found. */
  readonly about: readonly string[];
  readonly text: string;
}

export class Breaches {
  readonly #trail: Trail;
  #first: Breach | undefined;

  constructor(trail: Trail) {
    this.#trail = trail;
  }

  get first(): Breach | undefined {
    return this.#first;
  }

  broke(rule: string, about: readonly string[], text: string): void {
    this.#trail.note(`BROKEN: ${rule}: ${text}`);
    this.#first ??= { rule, about, text };
  }
}
