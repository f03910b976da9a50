/** What the API's answer says: to how many a message will go, or that the server is full. */

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Full, and says until when: a server that is asked for too much may do so. */
export function isRefusal({ status, headers }: Answer): boolean {
  return (status === 429 || status === 503) && retryAfterSeconds({ headers }) !== undefined;
}

/** Undefined: it does not say. */
export function retryAfterSeconds({ headers }: Pick<Answer, "headers">): number | undefined {
  // k6 writes names in the canonical way.
  const text = headers["Retry-After"] ?? "";
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}

/** Recipients that were accepted; 0 when that is no answer of ours. */
export function acceptedCopies(body: string): number {
  const recipients = field(parsed(body), "recipients");
  if (!Array.isArray(recipients)) return 0;
  return recipients.filter((recipient) => field(recipient, "status") === "accepted").length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Somebody else has answered.
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
