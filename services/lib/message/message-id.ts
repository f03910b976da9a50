/**
 * Message identifiers (RFC 5322 §3.6.4). Never an identity in our queue: anybody can write one
 * (STYLE §14.12).
 */

/** Length beyond which an identifier of others is not repeated in what we write. */
const messageIdLengthMax = 250;

/** `<queue id@hostname>`: the queue id is unique, so the identifier is. */
export function makeMessageId(queueId: string, hostname: string): string {
  return `<${queueId}@${hostname}>`;
}

/** An identifier from a header field when it may be repeated in References; else undefined. */
export function usableMessageId(text: string | undefined): string | undefined {
  if (text === undefined || text.length > messageIdLengthMax) return undefined;
  return /^<[\x21-\x3b=\x3f-\x7e]+>$/.test(text) ? text : undefined;
}
