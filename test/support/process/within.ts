/** A limit for what a test waits for: what is missing then is told, instead of a silent timeout. */
import { systemClock } from "#lib/clock";

export async function within<T>(
  limitMs: number,
  awaited: Promise<T>,
  describe: () => string,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = systemClock.after(limitMs, () => {
    late.reject(new Error(`not within ${limitMs} ms: ${describe()}`));
  });
  try {
    return await Promise.race([awaited, late.promise]);
  } finally {
    cancel();
  }
}
