/**
 * What of the original goes back with a notification (RFC 3461 §4.3, §6.2; RFC 6522 §3; RFC 6533
 * §4).
 */
import { fieldsOf } from "#lib/message/header-section";
import type { Envelope } from "#lib/queue/unit";
import type { Action } from "./wanted.ts";

export interface ReturnedContent {
  readonly contentType:
    | "message/rfc822"
    | "message/global"
    | "text/rfc822-headers"
    | "message/global-headers";
  readonly isFull: boolean;
  readonly bytes: Uint8Array;
}

/**
 * RFC 3461 §6.2 lets us choose. Someone who sends 25 MiB to a wrong address need not get them back.
 */
export const returnedSizeMax = 50 * 1024;
/**
 * RFC 5322 §2.1.1: longer lines, which inbound mail may have, would make the notification
 * undeliverable.
 */
const lineLengthMax = 998;
const lf = 0x0a;

/** The whole content for a failure with RET=FULL when it is small, else its header section. */
export function returnedContent(
  original: Uint8Array,
  action: Action,
  ret: Envelope["ret"],
): ReturnedContent {
  const header = headerBytes(original);
  const isGlobal = has8bit(header);
  const isFull =
    action === "failed" &&
    ret === "full" &&
    original.length <= returnedSizeMax &&
    longestLine(original) <= lineLengthMax;
  if (isFull) {
    const contentType = isGlobal ? "message/global" : "message/rfc822";
    return { contentType, isFull, bytes: original };
  }
  const contentType = isGlobal ? "message/global-headers" : "text/rfc822-headers";
  return { contentType, isFull, bytes: header };
}

export function has8bit(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 0x7f);
}

/** The header section field by field, without overlong fields, up to the limit. */
function headerBytes(original: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let length = 0;
  for (const field of fieldsOf(original)) {
    const bytes = original.subarray(field.nameStart, field.end);
    if (length + bytes.length > returnedSizeMax) break;
    if (longestLine(bytes) > lineLengthMax) continue;
    kept.push(bytes);
    length += bytes.length;
  }
  const header = new Uint8Array(length);
  let at = 0;
  for (const bytes of kept) {
    header.set(bytes, at);
    at += bytes.length;
  }
  return header;
}

/** Length of the longest line without its CRLF. */
function longestLine(bytes: Uint8Array): number {
  let longest = 0;
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.indexOf(lf, at);
    const end = found < 0 ? bytes.length : found - 1;
    longest = Math.max(longest, end - at);
    at = found < 0 ? bytes.length : found + 1;
  }
  return longest;
}
