/** xtext (RFC 3461 §4) and the utf-8 address type's own escapes (RFC 6533 §3). */

/**
 * What an xtext says, or undefined when it is malformed or hides anything but printable ASCII:
 * `+0D+0A` must not become a line end in a notification.
 */
export function decodeXtext(text: string): string | undefined {
  if (!text.includes("+")) return isPrintable(text) ? text : undefined;
  const parts = text.split("+");
  let decoded = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    const code = part.slice(0, 2);
    if (!/^[0-9A-F]{2}$/.test(code)) return undefined;
    decoded += String.fromCharCode(Number.parseInt(code, 16)) + part.slice(2);
  }
  return isPrintable(decoded) ? decoded : undefined;
}

/**
 * `jos\x{E9}@example.com` as `josé@example.com`; undefined when malformed or a control character.
 */
export function decodeUtf8Address(text: string): string | undefined {
  const parts = text.split("\\x{");
  let decoded = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    const close = part.indexOf("}");
    const hex = part.slice(0, Math.max(close, 0));
    if (!/^[0-9A-F]{2,6}$/.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    decoded += String.fromCodePoint(code) + part.slice(close + 1);
  }
  return /\p{Cc}/u.test(decoded) ? undefined : decoded;
}

/** `josé@example.com` as `jos\x{E9}@example.com`: the 7-bit form, allowed everywhere. */
export function encodeUtf8Address(text: string): string {
  let encoded = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isPlain = code > 0x20 && code < 0x7f && !"\\+=".includes(character);
    encoded += isPlain ? character : `\\x{${code.toString(16).toUpperCase().padStart(2, "0")}}`;
  }
  return encoded;
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
