/** A letter as bytes: header section and MIME parts (RFC 5322, RFC 2045), lines ending with CRLF. */
import MailComposer from "nodemailer/lib/mail-composer";
import type { HeaderMailbox, Letter } from "./letter.ts";

export interface Stamp {
  /** With its angle brackets. */
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly date: number;
}

/**
 * The composer neither reads files nor fetches, whatever it is given; and it is given bytes and
 * texts only. Recipients that nobody is to see are none of its business. Half a pair of surrogates is
 * no character, and is replaced: the encodings would throw.
 */
export async function composed(letter: Letter, { messageId, date }: Stamp): Promise<Uint8Array> {
  const { from, to, cc, replyTo, subject, text, html, headers, attachments } = letter;
  const composer = new MailComposer({
    from: addressOf(from),
    ...listed("to", to),
    ...listed("cc", cc),
    ...listed("replyTo", replyTo),
    ...(subject === undefined ? {} : { subject: subject.toWellFormed() }),
    text: textOf(text),
    html: textOf(html),
    headers: Object.entries(headers).map(([key, value]) => ({ key, value: value.toWellFormed() })),
    attachments: attachments.map(({ filename, content, contentType, contentId }) => ({
      filename: filename.toWellFormed(),
      content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
      ...(contentType === undefined ? {} : { contentType }),
      ...(contentId === undefined ? {} : { cid: contentId }),
    })),
    messageId,
    date: new Date(date),
    newline: "windows",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}

function listed(key: string, mailboxes: readonly HeaderMailbox[]) {
  return mailboxes.length === 0 ? {} : { [key]: mailboxes.map(addressOf) };
}

function addressOf({ mailbox, name = "" }: HeaderMailbox) {
  return { name: name.toWellFormed(), address: mailbox.text };
}

/** RFC 5322 §2.3: CR and LF stand only together, and whoever writes one alone meant the end of a line. */
function textOf(text: string | undefined): string | undefined {
  return text?.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
}
