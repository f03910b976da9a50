/**
 * The content as it is queued: our trace field, what a submission lacks, then the client's bytes
 * untouched.
 */
import { dateTime } from "./date.ts";
import type { HeaderSummary } from "./header-section.ts";
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
}

const encoder = new TextEncoder();

/** One allocation of the final size; the client's bytes are copied once. */
export function completedContent({
  content,
  summary,
  stamp,
  isSubmission,
}: Completion): Uint8Array {
  const missing = isSubmission ? missingFields(summary, stamp) : "";
  const prefix = receivedField(stamp) + missing + separator(content, summary);
  const completed = new Uint8Array(prefix.length + content.length);
  const { read, written } = encoder.encodeInto(prefix, completed.subarray(0, prefix.length));
  if (read < prefix.length || written < prefix.length) return joined(prefix, content);
  completed.set(content, prefix.length);
  return completed;
}

/** A path of RFC 6531 takes more octets than it has characters. */
function joined(prefix: string, content: Uint8Array): Uint8Array {
  const bytes = encoder.encode(prefix);
  const completed = new Uint8Array(bytes.length + content.length);
  completed.set(bytes);
  completed.set(content, bytes.length);
  return completed;
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
function separator(content: Uint8Array, summary: HeaderSummary): string {
  const beginsWithEmptyLine = content[0] === 0x0d && content[1] === 0x0a;
  return summary.end > 0 || beginsWithEmptyLine ? "" : "\r\n";
}
