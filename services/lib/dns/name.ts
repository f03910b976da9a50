/** Domain names as they are asked for: lower case, no trailing dot. */

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters. */
const nameLengthMax = 253;
const labelLengthMax = 63;
const space = 0x20;
const delete_ = 0x7f;

/**
 * The name in the one form that we ask for and compare by; undefined when no server can know it.
 */
export function queryName(text: string): string | undefined {
  const name = withoutTrailingDot(text).toLowerCase();
  if (name.length === 0 || name.length > nameLengthMax) return undefined;
  return name.split(".").every(isLabel) ? name : undefined;
}

/**
 * A name as a server sent it; "" for the root. What cannot be a host's name stays unusable, but
 * printable.
 */
export function receivedName(text: string): string {
  return withoutTrailingDot(text)
    .toLowerCase()
    .replaceAll(/[^!-~]/g, "?");
}

/** Whether a host may have this name: what an address or a server's rubbish is not. */
export function isHostName(name: string): boolean {
  if (queryName(name) !== name || /[^a-z0-9._-]/.test(name)) return false;
  // A top-level domain is never numeric (RFC 3696 §2): this is an IPv4 address.
  return !/(^|\.)\d+$/.test(name);
}

/** `name` is `domain` or lies below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`) || domain === "";
}

function withoutTrailingDot(text: string): string {
  return text.endsWith(".") ? text.slice(0, -1) : text;
}

function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > labelLengthMax) return false;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    if (code <= space || code >= delete_) return false;
  }
  return true;
}
