/** A bounce as stores keep it, and as versions before classes kept it. */
import type { Bounce } from "./bounce.ts";

export function bounceRecord(bounce: Bounce): string {
  return JSON.stringify(bounce);
}

/** What an older version did not know is told as far as it can be. */
export function readBounceRecord(record: string): Bounce {
  const read: Partial<Bounce> & Omit<Bounce, "kind" | "class" | "rule" | "attempt"> =
    JSON.parse(record);
  // RFC 3463 §3.5: 5.4.7, delivery time expired. Ours alone, then.
  const kind = read.status === "5.4.7" ? "expired" : "failed";
  return { kind, class: "unknown", rule: "none", attempt: 0, ...read };
}
