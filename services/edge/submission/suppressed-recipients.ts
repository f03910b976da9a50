/** Recipients that our users have asked to be spared, as far as they are refused at once. */
import type { PathText } from "#lib/smtp/path";
import { reply } from "#lib/smtp/reply";

/**
 * Whether nothing may be sent to a recipient, as far as this process knows; undefined at once for
 * nearly all. Absent: nobody is refused for it, and delivery tells the sender.
 */
export type SuppressedRecipients = (
  path: PathText,
  tenant: string | undefined,
) => Promise<boolean> | undefined;

export const recipientSuppressed = reply(
  550,
  "5.7.1",
  "Recipient is suppressed: nothing is sent there",
);
