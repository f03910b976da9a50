/** What a failure of the driver means, in words that an operator can act on. */
import { errors, types } from "cassandra-driver";
import { isCertificateFault } from "#lib/net/certificate-fault";

const { responseErrorCodes } = types;

/** Answers that the same request would get again. */
const finalCodes: ReadonlySet<number> = new Set([
  responseErrorCodes.badCredentials,
  responseErrorCodes.unauthorized,
  responseErrorCodes.syntaxError,
  responseErrorCodes.invalid,
  responseErrorCodes.configError,
  responseErrorCodes.protocolError,
]);

/** False for what no second try mends: a wrong schema, wrong credentials, no node at all. */
export function isWorthRepeating(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return !finalCodes.has(error.code);
  return (
    error instanceof errors.OperationTimedOutError ||
    error instanceof errors.BusyConnectionError ||
    isSocketError(error)
  );
}

/** Also of one that was refused at the only node that was asked. */
export function isLoginRefused(error: unknown): boolean {
  const cause = innermost(error);
  if (cause instanceof errors.ResponseError)
    return cause.code === responseErrorCodes.badCredentials;
  return cause instanceof errors.AuthenticationError;
}

export function reasonOf(error: unknown): string {
  const cause = innermost(error);
  if (cause instanceof errors.AuthenticationError) {
    return `the credentials are refused (${cause.message})`;
  }
  if (cause instanceof errors.ResponseError) return answered(cause);
  if (cause instanceof errors.OperationTimedOutError) return "no answer in time";
  if (cause instanceof errors.NoHostAvailableError) return "no node can be reached";
  if (isCertificateFault(cause)) {
    return `the node's certificate is not believed (cassandra.tls.ca, or its name): ${cause.message}`;
  }
  return cause instanceof Error ? cause.message : String(cause);
}

function answered({ code, message }: errors.ResponseError): string {
  switch (code) {
    case responseErrorCodes.badCredentials:
      return `the credentials are refused (${message})`;
    case responseErrorCodes.unauthorized:
      return `the user may not do this (${message})`;
    case responseErrorCodes.invalid:
    case responseErrorCodes.configError:
      return `keyspace or tables are not as they must be, try "godwit schema apply" (${message})`;
    case responseErrorCodes.unavailableException:
      return "too few nodes are up for a quorum";
    default:
      return message;
  }
}

/** No host could be used: the first of the reasons says more. */
function innermost(error: unknown): unknown {
  if (!(error instanceof errors.NoHostAvailableError)) return error;
  const [first] = Object.values<unknown>(error.innerErrors ?? {});
  return first ?? error;
}

function isSocketError(error: unknown): boolean {
  return error instanceof Error && "isSocketError" in error && error.isSocketError === true;
}
