/** Tries for as long as it takes. */
import type { Clock } from "#lib/clock";

export interface Persistence {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears of each try that failed. Throws what cannot be mended by waiting. */
  readonly onFailed: (error: unknown) => void;
}

const againMs = 2_000;

/** Rejects with the signal's reason when it aborts, or with what `onFailed` throws. */
export async function persistently<T>(
  act: () => Promise<T>,
  { clock, signal, onFailed }: Persistence,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      onFailed(error);
    }
    await clock.sleep(againMs, signal);
  }
}
