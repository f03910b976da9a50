/** Which notifications are due to the reverse-path (RFC 3461 §5.2). */
import type { Recipient } from "#lib/queue/unit";

/** RFC 3464 §2.3.3; `expanded` is for list exploders, which we are not. */
export type Action = "failed" | "delayed" | "delivered" | "relayed";

/**
 * What became of a recipient. The three good ends differ in who tells the sender:
 * `delivered`: in the mailbox (LMTP); `relayed`: the next hop has no DSN, so nobody after us will tell;
 * `passedOn`: the next hop took the DSN parameters over, and with them the duty (RFC 3461 §5.2.1).
 */
export type Happening = "failed" | "delayed" | "delivered" | "relayed" | "passedOn";

/** The notification due for one recipient, or undefined. An empty reverse-path is the null one. */
export function notificationDue(
  reversePath: string,
  recipient: Pick<Recipient, "notify">,
  happening: Happening,
): Action | undefined {
  // RFC 5321 §6.1: no notification for a null reverse-path.
  if (reversePath === "" || happening === "passedOn") return undefined;
  const { notify } = recipient;
  switch (happening) {
    case "failed":
      return wants(notify, "failure") ? "failed" : undefined;
    case "delayed":
      return wants(notify, "delay") ? "delayed" : undefined;
    case "delivered":
    case "relayed":
      // RFC 3461 §5.2.2 (e), §5.2.3 (c): success is told only to those who ask.
      return notify?.includes("success") ? happening : undefined;
  }
}

/** RFC 3461 §5.2.5 (b), §5.2.6 (c): without NOTIFY failures must be told and delays may be. */
function wants(notify: Recipient["notify"], keyword: "failure" | "delay"): boolean {
  return notify === undefined || notify.length === 0 || notify.includes(keyword);
}
