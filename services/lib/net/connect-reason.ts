/** Why a connection could not be made, as a person says it: senders read it in notifications, too. */
const wordsByCode: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset"],
  ["ETIMEDOUT", "connection timed out"],
  ["EHOSTUNREACH", "no route to host"],
  ["EHOSTDOWN", "host is down"],
  ["ENETUNREACH", "network is unreachable"],
  ["ENETDOWN", "network is down"],
  ["EADDRNOTAVAIL", "the local address is not available"],
  ["EACCES", "not permitted by this system"],
  ["EPERM", "not permitted by this system"],
]);

/** Of the system's code, or of any other text, which stays as it is. */
export function connectReason(code: string): string {
  return wordsByCode.get(code) ?? code;
}
