/** What has arrived at a process and was not told of yet. */
import type { Ledger } from "../../ledger.ts";
import type { LoadId } from "../../load-id.ts";

/** Of one run: numbers, and how many copies came of each. */
export interface RunArrivals {
  readonly run: string;
  readonly numbers: readonly number[];
  readonly copies: readonly number[];
}

interface Gathered extends RunArrivals {
  readonly numbers: number[];
  readonly copies: number[];
}

export class Arrivals {
  #runs: Gathered[] = [];

  add({ run, n }: LoadId, copies: number): void {
    let gathered = this.#runs.find((it) => it.run === run);
    if (gathered === undefined) {
      gathered = { run, numbers: [], copies: [] };
      this.#runs.push(gathered);
    }
    gathered.numbers.push(n);
    gathered.copies.push(copies);
  }

  /** All since the last time. */
  take(): readonly RunArrivals[] {
    const runs = this.#runs;
    this.#runs = [];
    return runs;
  }
}

export function addTo(ledger: Ledger, runs: readonly RunArrivals[]): void {
  for (const { run, numbers, copies } of runs) {
    for (const [i, n] of numbers.entries()) ledger.add({ run, n }, copies[i] ?? 0);
  }
}
