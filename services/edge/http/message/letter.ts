/** What a message is composed of, with its templates or after they were rendered. */
import type { Mailbox } from "#lib/smtp/path";

/** RFC 5322 §3.4: a mailbox as a header field shows it. */
export interface HeaderMailbox {
  readonly mailbox: Mailbox;
  readonly name?: string;
}

export interface Attachment {
  readonly filename: string;
  readonly content: Uint8Array;
  readonly contentType?: string;
  /** Shown by the HTML, as `cid:…`. */
  readonly contentId?: string;
}

/** The parts that may be templates. */
export interface Wording {
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Letter extends Wording {
  readonly from: HeaderMailbox;
  readonly to: readonly HeaderMailbox[];
  readonly cc: readonly HeaderMailbox[];
  readonly replyTo: readonly HeaderMailbox[];
  readonly attachments: readonly Attachment[];
}
