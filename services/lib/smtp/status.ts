/** Enhanced mail system status codes (RFC 3463): `class.subject.detail`. */
export type StatusClass = 2 | 4 | 5;
export type Status<Class extends StatusClass = StatusClass> = `${Class}.${number}.${number}`;

/** The class of a status, as its first digit says. */
export function statusClass(status: Status): StatusClass {
  const first = status[0];
  return first === "2" ? 2 : first === "4" ? 4 : 5;
}

/**
 * Reads a status at the start of a reply's text (RFC 2034 §4), or undefined.
 * Each number has one to three digits (RFC 3463 §2); what follows is a blank or the end.
 */
export function parseStatus(text: string): Status | undefined {
  const match = /^([245])\.(\d{1,3})\.(\d{1,3})(?= |$)/.exec(text);
  return match === null ? undefined : (match[0] as Status);
}
