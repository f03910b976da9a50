/** Why NATS is of no use now, in words that say what to do. */
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { isCertificateFault } from "#lib/net/certificate-fault";

export function natsReason(error: unknown): string {
  if (error instanceof errors.AuthorizationError) {
    return `the server refuses our user, token or credentials (nats.user and so on): ${error.message}`;
  }
  if (error instanceof errors.UserAuthenticationExpiredError) {
    return `our credentials have expired (nats.credentials): ${error.message}`;
  }
  if (error instanceof JetStreamApiError) return `JetStream answers: ${error.message}`;
  if (error instanceof errors.RequestError || error instanceof errors.TimeoutError) {
    return `JetStream gives no answer: is it enabled, and are most of its servers there? (${error.message})`;
  }
  if (isCertificateFault(error)) {
    return `the server's certificate is not believed (nats.tls.ca, or its name): ${error.message}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `no server can be reached: ${message}`;
}
