/** What was looked at, one line each, and how often it was as it should be. */

export class Checks {
  readonly #told: (text: string) => void;
  #passed = 0;
  #failed = 0;

  constructor(told: (text: string) => void) {
    this.#told = told;
  }

  /** Each fault is a sentence; without one it holds. */
  check(what: string, faults: readonly string[]): void {
    if (faults.length === 0) {
      this.#passed += 1;
      this.#told(`  ok    ${what}\n`);
      return;
    }
    this.#failed += 1;
    this.#told(`  FAIL  ${what}: ${faults.join("; ")}\n`);
  }

  get failed(): number {
    return this.#failed;
  }

  get text(): string {
    return `${this.#passed} passed, ${this.#failed} failed\n`;
  }
}
