/** Address literals (RFC 5321 §4.1.3): `[192.0.2.1]`, `[IPv6:2001:db8::1]`, `[tag:content]`. */
import { parseDecimal } from "./ascii.ts";
import type { AddressLiteral } from "./path.ts";

const lengthMax = 255;

/** `text` with its brackets; undefined when it is none. */
export function parseAddressLiteral(text: string): AddressLiteral | undefined {
  if (text.length < 3 || text.length > lengthMax) return undefined;
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  const inner = text.slice(1, -1);
  return isIpv4(inner) || isTagged(inner) ? (text as AddressLiteral) : undefined;
}

/** `Snum 3("." Snum)`: each 0 to 255. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every(isSnum);
}

/** IPv6-full, -comp, -v4-full and -v4-comp. "::" stands for at least two groups. */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const isCompressed = halves.length === 2;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "" && isCompressed) continue;
    const isLast = index === halves.length - 1;
    const counted = countGroups(half, isLast);
    if (counted === undefined) return false;
    groups += counted;
  }
  return isCompressed ? groups <= 6 : groups === 8;
}

function countGroups(text: string, mayEndInIpv4: boolean): number | undefined {
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  let groups = parts.length;
  if (last.includes(".")) {
    if (!mayEndInIpv4 || !isIpv4(last)) return undefined;
    parts.pop();
    groups += 1;
  }
  return parts.every(isHexGroup) ? groups : undefined;
}

function isTagged(inner: string): boolean {
  const colon = inner.indexOf(":");
  if (colon < 1) return false;
  const tag = inner.slice(0, colon);
  const content = inner.slice(colon + 1);
  if (tag.toLowerCase() === "ipv6") return isIpv6(content);
  return isLdhTag(tag) && isDcontent(content);
}

/** Ldh-str: letters, digits and hyphens, not ending in one. */
function isLdhTag(tag: string): boolean {
  return /^[A-Za-z0-9-]*[A-Za-z0-9]$/.test(tag);
}

/** 1*dcontent: printable without "[", "\" and "]". */
function isDcontent(text: string): boolean {
  return /^[!-Z^-~]+$/.test(text);
}

function isSnum(text: string): boolean {
  return (parseDecimal(text, 3) ?? 256) <= 255;
}

function isHexGroup(text: string): boolean {
  return /^[0-9A-Fa-f]{1,4}$/.test(text);
}
