/** What has been started, to be stopped in the opposite order. */

export class Undoing {
  readonly #steps: (() => Promise<void> | void)[] = [];
  #done: Promise<void> | undefined;
  #isDone = false;

  /** When all is undone already the step is taken at once, and nobody waits for it. */
  add(step: () => Promise<void> | void): void {
    if (this.#isDone) void step();
    else this.#steps.push(step);
  }

  /** Every step, even when one fails; rejects with the first failure then. Twice is once. */
  undo(): Promise<void> {
    this.#done ??= this.#undo();
    return this.#done;
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#isDone = true;
    if (failures.length > 0) throw failures[0];
  }
}
