/**
 * Content as DATA carries it: a dot before each line that begins with one, and the final dot (RFC
 * 5321 §4.5.2).
 */

const cr = 13;
const lf = 10;
const dot = 46;
const dottedLine = Uint8Array.of(lf, dot);
const endOfData = Uint8Array.of(dot, cr, lf);
const endOfDataAfterLine = Uint8Array.of(cr, lf, dot, cr, lf);

/** Up to here a copy costs less than the second write, and the packet it makes. */
const joinedSizeMax = 65_536;

/**
 * The content and its end as pieces to be sent one after the other; big content without a copy
 * where no line begins with a dot.
 */
export function asMailData(content: Uint8Array): readonly Uint8Array[] {
  const isWhole = content.length === 0 || endsInCrlf(content);
  const end = isWhole ? endOfData : endOfDataAfterLine;
  const dots = leadingDots(content);
  if (dots === 0 && content.length > joinedSizeMax) return [content, end];
  return [stuffed(content, dots, end)];
}

/** Has a line of more than `lengthMax` octets, CRLF not counted (RFC 5321 §4.5.3.1.6). */
export function hasLineOver(lengthMax: number, content: Uint8Array): boolean {
  let start = 0;
  // From one line end to the last one within reach: few steps, however short the lines.
  while (content.length - start > lengthMax) {
    const end = content.lastIndexOf(lf, start + lengthMax + 1);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}

/** Four octets at a time where the array is aligned for it. */
export function has8Bit(content: Uint8Array): boolean {
  const head = Math.min(content.length, (4 - (content.byteOffset & 3)) & 3);
  const wordCount = (content.length - head) >> 2;
  if (hasHighBit(content, 0, head)) return true;
  if (wordCount === 0) return hasHighBit(content, head, content.length);
  const words = new Uint32Array(content.buffer, content.byteOffset + head, wordCount);
  for (let i = 0; i < wordCount; i++) if (((words[i] ?? 0) & 0x80808080) !== 0) return true;
  return hasHighBit(content, head + wordCount * 4, content.length);
}

function hasHighBit(content: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((content[i] ?? 0) > 127) return true;
  return false;
}

function endsInCrlf(content: Uint8Array): boolean {
  const { length } = content;
  return length >= 2 && content[length - 1] === lf && content[length - 2] === cr;
}

/**
 * Most content has none, and that is found natively. Those of others are counted by index and not
 * from dot to dot with indexOf(), which takes twenty times as long where dots are many.
 */
function leadingDots(content: Uint8Array): number {
  let count = content[0] === dot ? 1 : 0;
  if (asBuffer(content).indexOf(dottedLine) === -1) return count;
  for (let i = 1; i < content.length; i++) {
    if (content[i] === dot && content[i - 1] === lf) count += 1;
  }
  return count;
}

/** The same octets: what searches natively for more than one of them. */
function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function stuffed(content: Uint8Array, dots: number, end: Uint8Array): Uint8Array {
  const result = new Uint8Array(content.length + dots + end.length);
  let length = 0;
  let from = 0;
  for (let at = 0, left = dots; left > 0; at++) {
    if (content[at] !== dot || (at !== 0 && content[at - 1] !== lf)) continue;
    result.set(content.subarray(from, at), length);
    length += at - from;
    result[length] = dot;
    length += 1;
    from = at;
    left -= 1;
  }
  result.set(from === 0 ? content : content.subarray(from), length);
  result.set(end, result.length - end.length);
  return result;
}
