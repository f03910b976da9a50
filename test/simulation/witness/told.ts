/** What a notification tells, and of what: as somebody reads it who knows only RFC 3464. */
import { textOf } from "./ledger.ts";

export interface Told {
  /** Of the message it is about. */
  readonly envid: string;
  readonly recipients: readonly { readonly path: string; readonly action: string }[];
}

export function toldOf(content: Uint8Array): Told {
  const text = textOf(content);
  const envid = /^Original-Envelope-Id: *(\S+)/im.exec(text)?.[1] ?? "";
  const recipients: Told["recipients"][number][] = [];
  for (const block of text.split("\r\n\r\n")) {
    const path = /^Final-Recipient: *[^;]+; *(\S+)/im.exec(block)?.[1];
    const action = /^Action: *(\S+)/im.exec(block)?.[1];
    if (path !== undefined && action !== undefined) recipients.push({ path, action });
  }
  return { envid, recipients };
}
