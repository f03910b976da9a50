/** How a message came: what `with` says in its trace field, and its event. */
import type { HttpProtocol, Protocol } from "#lib/message/trace-field";
import type { Transaction } from "#lib/smtp/server/step";
import type { Origin } from "../receiver.ts";

export function protocolOf(
  { isExtended, parameters }: Transaction,
  { protocol, tls, user }: Origin,
): Protocol | HttpProtocol {
  return (
    protocol ?? {
      isExtended,
      isTls: tls !== undefined,
      isAuthenticated: user !== undefined,
      isSmtpUtf8: parameters.smtpUtf8,
    }
  );
}
