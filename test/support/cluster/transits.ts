/** How long messages take from their MAIL to their arrival. */
import { type LoadId, loadIdText } from "../../../loadtest/load-id.ts";

/** In milliseconds, on a clock that never steps. */
export class Transits {
  readonly #begunAt = new Map<string, number>();
  #longestMs = 0;

  begun(id: LoadId, now: number): void {
    this.#begunAt.set(loadIdText(id), now);
  }

  /** A second copy is no news. */
  arrived(id: LoadId, now: number): void {
    const name = loadIdText(id);
    const begunAt = this.#begunAt.get(name);
    if (begunAt === undefined) return;
    this.#begunAt.delete(name);
    this.#longestMs = Math.max(this.#longestMs, now - begunAt);
  }

  /** Of those that have arrived. */
  get longestMs(): number {
    return this.#longestMs;
  }

  restart(): void {
    this.#begunAt.clear();
    this.#longestMs = 0;
  }
}
