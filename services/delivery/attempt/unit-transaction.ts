/** What a session is asked to send of a unit. */
import { assert } from "#lib/assert";
import type { Recipient, Unit } from "#lib/queue/unit";
import type { ClientTransaction } from "#lib/smtp/client/step";

/** Of those of the unit's recipients, by index. */
export function transactionOf(
  unit: Unit,
  { indexes, ...of }: { indexes: readonly number[]; content: Uint8Array; contentLineMax: number },
): ClientTransaction {
  const { reversePath, ret, envid, body, smtpUtf8 } = unit.envelope;
  return {
    reversePath,
    body,
    smtpUtf8,
    recipients: indexes.map((index) => recipientAt(unit, index)),
    ...of,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  };
}

function recipientAt(unit: Unit, index: number): Recipient {
  const recipient = unit.recipients[index];
  assert(recipient !== undefined, "an open index names a recipient");
  return recipient;
}
