/** Character classes of RFC 5321 §4.1.2 and RFC 5322 §3.2.3, by code. */

const atextMarks = "!#$%&'*+-/=?^_`{|}~";
const atext = new Uint8Array(128);
for (let code = 48; code <= 57; code++) atext[code] = 1;
for (let code = 65; code <= 90; code++) atext[code] = 1;
for (let code = 97; code <= 122; code++) atext[code] = 1;
for (const mark of atextMarks) atext[mark.charCodeAt(0)] = 1;

/** atext, and beyond ASCII what RFC 6531 §3.3 adds to it. */
export function isAtext(code: number): boolean {
  return code > 127 || atext[code] === 1;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLetterOrDigit(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** No character beyond ASCII. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A whole number in decimal digits, at most `digitsMax` of them; undefined for anything else. */
export function parseDecimal(text: string, digitsMax: number): number | undefined {
  if (text.length === 0 || text.length > digitsMax) return undefined;
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return undefined;
  return Number(text);
}

/** Not empty, and no blank or control character. */
export function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code === 127) return false;
  }
  return text.length > 0;
}
