/** Whether something took longer than it may, by what it took before. */

/** Below it a difference is that of two measurements on a machine that does other things, too. */
const noticeableMs = 20;
const timesMax = 2;

/** Nothing, or a sentence. */
export function slowdown(who: string, beforeMs: number, afterMs: number): readonly string[] {
  const limitMs = Math.max(noticeableMs, beforeMs * timesMax);
  if (afterMs < limitMs) return [];
  return [`${who} took ${afterMs.toFixed(1)} ms, ${beforeMs.toFixed(1)} ms before`];
}
