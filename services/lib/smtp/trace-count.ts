/** How many hosts a message has passed: the loop detection of RFC 5321 §6.3. */

const lf = 10;
const name = "received:";

/** `Received` fields in the header section of `content`, whose lines end with CRLF. */
export function countReceived(content: Uint8Array): number {
  let count = 0;
  for (let start = 0; start < content.length; ) {
    const first = content[start];
    // The header section ends at the empty line, which begins with CR.
    if (first === 13) break;
    if ((first === 82 || first === 114) && hasName(content, start)) count += 1;
    const end = content.indexOf(lf, start);
    if (end === -1) break;
    start = end + 1;
  }
  return count;
}

function hasName(content: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = content[start + i] ?? 0;
    const lower = octet >= 65 && octet <= 90 ? octet + 32 : octet;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return true;
}
