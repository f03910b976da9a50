/**
 * Places where a simulation lets an operation of a memory inhabitant be late, fail, or never
 * answer.
 */
import type { Shard } from "#lib/queue/unit";

export interface FaultPoint {
  readonly seam: "intake" | "stream" | "journal" | "store" | "leases" | "bus" | "idempotency";
  /** The method's name; for a step within one, `defer/content`. */
  readonly operation: string;
  readonly shard?: Shard;
}

/**
 * `before` that rejects: nothing was done. `after` that rejects: it was done, but the answer is lost.
 * One that never resolves: no answer.
 */
export interface Faults {
  before(point: FaultPoint): Promise<void>;
  after(point: FaultPoint): Promise<void>;
}

/** Does `act` between the two fault points; without faults at once. */
export async function betweenFaults<T>(
  faults: Faults | undefined,
  point: FaultPoint,
  act: () => T | Promise<T>,
): Promise<T> {
  if (faults === undefined) return act();
  await faults.before(point);
  const result = await act();
  await faults.after(point);
  return result;
}
