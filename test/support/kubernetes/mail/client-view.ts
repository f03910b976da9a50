/** What clients saw of a cluster that was changed under them. */
import type { SourceSummary } from "../../../../loadtest/source/summary.ts";

export interface ClientView {
  /** Replies that were no yes, and ends of sessions that were none of the client's: how often. */
  readonly seen: ReadonlyMap<string, number>;
  /** Sent to the final dot, and not answered. */
  readonly unknown: number;
  /** Broken off before. */
  readonly aborted: number;
}

export function clientView(summaries: readonly SourceSummary[]): ClientView {
  const seen = new Map<string, number>();
  for (const { refused, sessionEnds } of summaries) {
    for (const [what, times] of [...Object.entries(refused), ...Object.entries(sessionEnds)]) {
      seen.set(what, (seen.get(what) ?? 0) + times);
    }
  }
  const sum = (of: "unknown" | "aborted") => summaries.reduce((n, it) => n + it[of], 0);
  return { seen, unknown: sum("unknown"), aborted: sum("aborted") };
}

/** RFC 5321 §3.8: 421 is how a server goes; 451 says that mail cannot be made durable just now. */
const proper = /^(421|451) at /;

/** What a client may not see of a change that is made in order. */
export function improprieties({ seen, unknown, aborted }: ClientView): readonly string[] {
  const others = [...seen].filter(([what]) => !proper.test(what));
  return [
    ...others.map(([what, times]) => `clients saw "${what}" ${times} times`),
    ...(unknown > 0 ? [`${unknown} final dots without a reply`] : []),
    ...(aborted > 0 ? [`${aborted} transactions broken off`] : []),
  ];
}

/** `421 at mail ×3, 451 at rcpt ×1`; `nothing but 250`. */
export function viewText({ seen, unknown, aborted }: ClientView): string {
  const parts = [...seen].sort().map(([what, times]) => `${what} ×${times}`);
  if (unknown > 0) parts.push(`no reply to the final dot ×${unknown}`);
  if (aborted > 0) parts.push(`broken off ×${aborted}`);
  return parts.length === 0 ? "nothing but 250" : parts.join(", ");
}
