/** Waits for what nobody tells of. */
import { systemClock } from "#lib/clock";

const lookAgainMs = 500;

export interface Awaited {
  /** For who is told that it did not come. */
  readonly what: string;
  readonly maxMs: number;
}

/** @throws when it is not so in time; a look that fails is one that does not find it */
export async function until({ what, maxMs }: Awaited, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonic() + maxMs;
  let last = "";
  while (true) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = `: ${error instanceof Error ? error.message : error}`;
    }
    if (systemClock.monotonic() > deadline) {
      throw new Error(`${what}: not within ${Math.round(maxMs / 1_000)} s${last}`);
    }
    await systemClock.sleep(lookAgainMs);
  }
}
