/**
 * The content as it is queued: our trace field, what a submission lacks, then the client's bytes
 * untouched but for the fields that were for us.
 */
import { dateTime } from "./date.ts";
import type { FieldRange, HeaderSummary } from "./header-section.ts";
import { makeMessageId } from "./message-id.ts";
import { receivedField, type TraceStamp } from "./trace-field.ts";

export interface Completion {
  readonly content: Uint8Array;
  readonly summary: HeaderSummary;
  readonly stamp: TraceStamp;
  /**
   * RFC 6409 §8.2, §8.3: only a submission server adds Date and Message-ID; a relay must not (RFC
   * 5321 §6.4).
   */
  readonly isSubmission: boolean;
  /** Fields of `summary` that are left out, in order. */
  readonly removed: readonly FieldRange[];
}

const encoder = new TextEncoder();

/** One allocation of the final size; the client's bytes are copied once. */
export function completedContent(completion: Completion): Uint8Array {
  const { content, summary, stamp, isSubmission, removed } = completion;
  const missing = isSubmission ? missingFields(summary, stamp) : "";
  const prefix = receivedField(stamp) + missing + separator(completion);
  const keptBytes = content.length - lengthOf(removed);
  const completed = new Uint8Array(prefix.length + keptBytes);
  const { read, written } = encoder.encodeInto(prefix, completed.subarray(0, prefix.length));
  if (read < prefix.length || written < prefix.length) {
    // A path of RFC 6531 takes more octets than it has characters.
    const bytes = encoder.encode(prefix);
    const longer = new Uint8Array(bytes.length + keptBytes);
    longer.set(bytes);
    copyKept(completion, longer, bytes.length);
    return longer;
  }
  copyKept(completion, completed, prefix.length);
  return completed;
}

function copyKept({ content, removed }: Completion, target: Uint8Array, at: number): void {
  let position = at;
  let from = 0;
  for (const { nameStart, end } of removed) {
    target.set(content.subarray(from, nameStart), position);
    position += nameStart - from;
    from = end;
  }
  target.set(from === 0 ? content : content.subarray(from), position);
}

function lengthOf(fields: readonly FieldRange[]): number {
  return fields.reduce((sum, { nameStart, end }) => sum + end - nameStart, 0);
}

function missingFields(summary: HeaderSummary, { at, queueId, hostname }: TraceStamp): string {
  const date = summary.hasDate ? "" : `Date: ${dateTime(at)}\r\n`;
  const hasId = summary.messageId !== undefined;
  const id = hasId ? "" : `Message-ID: ${makeMessageId(queueId, hostname)}\r\n`;
  return date + id;
}

/**
 * A content that begins with its body would otherwise run into our fields, or, beginning with a
 * blank, become part of them.
 */
function separator({ content, summary: { end }, removed }: Completion): string {
  const isHeaderLeft = end > lengthOf(removed);
  const hasEmptyLine = content[end] === 0x0d && content[end + 1] === 0x0a;
  return isHeaderLeft || hasEmptyLine ? "" : "\r\n";
}
