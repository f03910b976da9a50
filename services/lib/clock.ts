/** Time, as a thing that is passed in: what decides never reads it by itself. */
export interface Clock {
  /** Milliseconds since the epoch; may step. For what is written down: due times, trace fields. */
  now(): number;
  /** Milliseconds on a clock that never steps. For spans: timeouts, leases, holds. */
  monotonic(): number;
  /** Calls `task` once after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): CancelTimer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export type CancelTimer = () => void;

/** setTimeout fires at once beyond 2^31 − 1 ms. */
const timerSpanMaxMs = 2_147_483_647;

/** The real clock. The only place that sets timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const span = Math.max(0, Math.min(delayMs, timerSpanMaxMs));
    const timer = setTimeout(task, span);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** `sleep` in terms of `after`, for every inhabitant of `Clock`. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
