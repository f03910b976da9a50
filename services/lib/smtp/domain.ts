/**
 * Domain names as RFC 5321 §4.1.2 and RFC 6531 §3.3 take them, in the one form that we compare by.
 */
import { isAscii, isLetterOrDigit } from "./ascii.ts";
import type { Domain } from "./path.ts";

/** RFC 5321 §4.5.3.1.2 and RFC 1035 §2.3.4. */
const domainLengthMax = 255;
const labelLengthMax = 63;
const hyphen = 45;
const underscore = 95;

/**
 * Lower-case A-labels of `text`, which may have U-labels (RFC 5890); undefined when it is no
 * domain.
 */
export function parseDomain(text: string): Domain | undefined {
  if (text.length === 0) return undefined;
  const ascii = isAscii(text) ? text.toLowerCase() : toAscii(text);
  if (ascii === undefined || ascii.length > domainLengthMax) return undefined;
  return ascii.split(".").every(isLabel) ? (ascii as Domain) : undefined;
}

/**
 * Let-dig [Ldh-str]. Deviates: an underscore is taken, for such domains receive mail today and no
 * parser of ours reads anything else into one.
 */
function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > labelLengthMax) return false;
  for (let i = 0; i < label.length; i++) {
    const code = label.charCodeAt(i);
    const isInner = i > 0 && i < label.length - 1;
    if (isLetterOrDigit(code) || code === underscore) continue;
    if (code !== hyphen || !isInner) return false;
  }
  return true;
}

/** UTS 46, by the runtime's URL parser, which is the one place that has its tables. */
function toAscii(text: string): string | undefined {
  // What means something in a URL must not get there.
  if (/[\s/?#@:\\[\]%<>^|]/.test(text)) return undefined;
  try {
    const { hostname } = new URL(`http://${text}/`);
    return hostname === "" ? undefined : hostname;
  } catch {
    return undefined;
  }
}
