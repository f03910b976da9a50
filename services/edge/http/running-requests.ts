/** How many requests run, of whom, and when there are none any more. */
import type { EdgeLimits } from "../config.ts";

type RequestLimits = Pick<EdgeLimits, "requestsMax" | "requestsPerTokenMax">;

export class RunningRequests {
  readonly #limits: RequestLimits;
  readonly #byToken = new Map<string, number>();
  #running = 0;
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** Takes a place, or says which limit forbids it. */
  begin(token: string): "begun" | "all" | "token" {
    if (this.#running >= this.#limits.requestsMax) return "all";
    const ofToken = this.#byToken.get(token) ?? 0;
    if (ofToken >= this.#limits.requestsPerTokenMax) return "token";
    this.#running += 1;
    this.#byToken.set(token, ofToken + 1);
    return "begun";
  }

  end(token: string): void {
    this.#running -= 1;
    const ofToken = this.#byToken.get(token) ?? 0;
    if (ofToken > 1) this.#byToken.set(token, ofToken - 1);
    else this.#byToken.delete(token);
    if (this.#running === 0) this.#emptied?.resolve();
  }

  /** Resolves when none runs. */
  emptied(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    this.#emptied ??= Promise.withResolvers();
    return this.#emptied.promise;
  }
}
