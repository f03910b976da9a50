/** Contestants that take turns, so that what else happens on the machine hits all alike. */
import type { Contestant } from "../contestants/contestant.ts";
import type { Runs } from "../tables/throughput-table.ts";
import { type Throughput, type ThroughputOptions, throughput } from "../throughput.ts";

export interface Turns {
  readonly throughput: Runs;
  /** Why who did not come to the end, by name; it has no further turns. */
  readonly failures: Readonly<Record<string, string>>;
}

export interface TurnsOptions extends ThroughputOptions {
  readonly runs: number;
  readonly told: (line: string) => void;
}

export async function inTurns(
  taking: readonly Contestant[],
  options: TurnsOptions,
  measured = throughput,
): Promise<Turns> {
  const { runs: runsMax, told } = options;
  const runs = Object.fromEntries(taking.map(({ name }): [string, Throughput[]] => [name, []]));
  const failures: Record<string, string> = {};
  for (let i = 1; i <= runsMax; i++) {
    for (const contestant of taking) {
      const { name } = contestant;
      if (failures[name] !== undefined) continue;
      try {
        const result = await measured(contestant, options);
        runs[name]?.push(result);
        const { acceptedPerSecond: accepted, throughPerSecond: through } = result;
        const rates = `${accepted.toFixed(0)} accepted/s, ${through.toFixed(0)} through/s`;
        told(`run ${i} of ${runsMax}, ${name}: ${rates}`);
      } catch (error) {
        failures[name] = reasonOf(error);
        told(`run ${i} of ${runsMax}, ${name}: ${failures[name]}`);
      }
    }
  }
  return { throughput: runs, failures };
}

/** What its log says is the cause of the message, or the other way round: both. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${reasonOf(error.cause)}\n${error.message}`;
}
