/**
 * The header section of a message (RFC 5322 §2.1), looked at in bytes: content is never decoded.
 */

const tab = 0x09;
const lf = 0x0a;
const space = 0x20;
const colon = 0x3a;
const tilde = 0x7e;

const decoder = new TextDecoder();
const lineEnds = /[\r\n]+/g;

/** Where a header field lies in the content; offsets, so that nothing is copied. */
export interface FieldRange {
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Behind the colon; the body still has its leading blank and its folding. */
  readonly bodyStart: number;
  /** Behind the field's last line end. */
  readonly end: number;
}

/**
 * The field that begins at `at`, or undefined when the header section ends there: at an empty line,
 * at the end of the content, or at a line that is no field (which then belongs to the body).
 */
export function fieldAt(content: Uint8Array, at: number): FieldRange | undefined {
  const nameEnd = nameEndAt(content, at);
  if (nameEnd === at) return undefined;
  // RFC 5322 §4.5.3: obsolete syntax has blanks between name and colon.
  let position = nameEnd;
  while (isBlank(content[position])) position++;
  if (content[position] !== colon) return undefined;
  let end = lineEndAt(content, position);
  while (isBlank(content[end])) end = lineEndAt(content, end);
  return { nameStart: at, nameEnd, bodyStart: position + 1, end };
}

/** All fields in order, as ranges. */
export function* fieldsOf(content: Uint8Array): Generator<FieldRange> {
  let field = fieldAt(content, 0);
  while (field !== undefined) {
    yield field;
    field = fieldAt(content, field.end);
  }
}

/** Whether the field's name is `lowerCaseName`; names have no case (RFC 5322 §1.2.2). */
export function isNamed(content: Uint8Array, field: FieldRange, lowerCaseName: string): boolean {
  const { nameStart, nameEnd } = field;
  return nameEnd - nameStart === lowerCaseName.length && beginsWith(content, field, lowerCaseName);
}

function beginsWith(
  content: Uint8Array,
  { nameStart, nameEnd }: FieldRange,
  lowerCaseText: string,
): boolean {
  if (nameEnd - nameStart < lowerCaseText.length) return false;
  for (let i = 0; i < lowerCaseText.length; i++) {
    const byte = content[nameStart + i] ?? 0;
    const folded = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (folded !== lowerCaseText.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Begins the names of fields that are for us and not for the recipient (`control-fields.ts`), in
 * lower case.
 */
export const controlPrefix = "x-godwit-";

/** What the edge needs to know of a header section, found in one pass. */
export interface HeaderSummary {
  /**
   * Length of the header section: the offset of the empty line, or of what is no field any more.
   */
  readonly end: number;
  readonly receivedFields: number;
  readonly hasDate: boolean;
  readonly hasFrom: boolean;
  /** The first of them. */
  readonly messageId: FieldRange | undefined;
  /** Those whose name begins with `controlPrefix`, in order. */
  readonly controlFields: readonly FieldRange[];
}

const noFields: readonly FieldRange[] = [];

export function summarizeHeader(content: Uint8Array): HeaderSummary {
  let end = 0;
  let receivedFields = 0;
  let hasDate = false;
  let hasFrom = false;
  let messageId: FieldRange | undefined;
  let controlFields: FieldRange[] | undefined;
  // Of every message: a generator would take as long as all else here.
  for (let field = fieldAt(content, 0); field !== undefined; field = fieldAt(content, end)) {
    end = field.end;
    if (isNamed(content, field, "received")) receivedFields++;
    else if (isNamed(content, field, "date")) hasDate = true;
    else if (isNamed(content, field, "from")) hasFrom = true;
    else if (isNamed(content, field, "message-id")) messageId ??= field;
    else if (beginsWith(content, field, controlPrefix)) {
      controlFields ??= [];
      controlFields.push(field);
    }
  }
  return {
    end,
    receivedFields,
    hasDate,
    hasFrom,
    messageId,
    controlFields: controlFields ?? noFields,
  };
}

/** As `asciiText`, of the first field with this name. */
export function asciiFieldBody(content: Uint8Array, lowerCaseName: string): string | undefined {
  for (const field of fieldsOf(content)) {
    if (isNamed(content, field, lowerCaseName)) return asciiText(content, field);
  }
  return undefined;
}

/** A field's body, unfolded and trimmed, when it is ASCII; for short, known fields. */
export function asciiText(content: Uint8Array, field: FieldRange): string | undefined {
  for (let i = field.bodyStart; i < field.end; i++) {
    if ((content[i] ?? 0) > tilde) return undefined;
  }
  const text = decoder.decode(content.subarray(field.bodyStart, field.end));
  // RFC 5322 §2.2.3: unfolding removes the line end and keeps the blank behind it.
  return text.replace(lineEnds, "").trim();
}

/** End of a field name at `at`: printable ASCII but colon (RFC 5322 §3.6.8, `ftext`). */
function nameEndAt(content: Uint8Array, at: number): number {
  let position = at;
  for (; position < content.length; position++) {
    const byte = content[position] ?? 0;
    if (byte <= space || byte > tilde || byte === colon) break;
  }
  return position;
}

function lineEndAt(content: Uint8Array, at: number): number {
  const found = content.indexOf(lf, at);
  return found < 0 ? content.length : found + 1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}
