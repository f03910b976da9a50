/** One who sends as much as the limits let go: whoever is refused waits until it is woken. */
import type { BoundLimit, Permit } from "#lib/limits/acquire";
import type { Demand } from "#lib/limits/limit";
import type { WorkerLimits } from "../../../../services/delivery/limits/worker-limits.ts";

export interface LaneOptions {
  readonly limits: WorkerLimits;
  readonly bound: readonly BoundLimit[];
  readonly demand: Demand;
  readonly went: (permit: Permit) => void;
}

export class Lane {
  readonly #options: LaneOptions;
  #left = 0;
  #isWaiting = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get left(): number {
    return this.#left;
  }

  /** There is so much more to send. */
  came(count: number): void {
    this.#left += count;
    this.#go();
  }

  #go(): void {
    const { limits, bound, demand, went } = this.#options;
    while (this.#left >= 1 && !this.#isWaiting) {
      const acquired = limits.acquire(bound, demand);
      if (acquired.kind === "granted") {
        this.#left -= 1;
        went(acquired.permit);
        continue;
      }
      this.#isWaiting = true;
      limits.whenWorthAsking(acquired, { demand, times: Math.floor(this.#left) }, () => {
        this.#isWaiting = false;
        this.#go();
      });
    }
  }
}
