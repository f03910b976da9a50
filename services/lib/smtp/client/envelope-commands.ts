/** MAIL and RCPT with what the server offers to take, and what cannot be sent to it at all. */
import { assert } from "#lib/assert";
import { isAscii } from "../ascii.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ClientRecipient, ClientTransaction, RecipientResult } from "./step.ts";
import { has8Bit, hasLineOver } from "./transparency.ts";

/** Why nothing is sent; null: for nothing. */
type Refusal = RecipientResult | null;

const refused = (localStatus: RecipientResult["localStatus"] & string, reason: string) =>
  ({ stage: "local", isInDoubt: false, localStatus, reason }) as const;

const lineTooLong = refused("5.6.0", "a line of the content is too long for the next hop");
const tooBig = refused("5.3.4", "the message is bigger than the next hop takes");
const no8BitMime = refused("5.6.3", "the next hop does not offer 8BITMIME");
const noSmtpUtf8 = refused("5.6.7", "the next hop does not offer SMTPUTF8");

/** What this server must not be sent, whoever the recipient is. */
export function refusalOfMessage(asked: ClientTransaction, offered: Capabilities): Refusal {
  const { content, contentLineMax } = asked;
  if (contentLineMax > 0 && hasLineOver(contentLineMax, content)) return lineTooLong;
  // RFC 1870 §5: counted without the dots of transparency.
  if (offered.size !== undefined && offered.size > 0 && content.length > offered.size)
    return tooBig;
  // RFC 6152 §3: no conversion here, but content that only might have been 8-bit goes anywhere.
  if (asked.body === "8bitmime" && !offered.eightBitMime && has8Bit(content)) return no8BitMime;
  if (offered.smtpUtf8) return null;
  // RFC 6531 §3.2, but what is all ASCII needs no SMTPUTF8, whatever its client announced.
  // Deviates: header fields of parts within the body are not looked for.
  if (!isAscii(asked.reversePath)) return noSmtpUtf8;
  return asked.smtpUtf8 && has8Bit(headerSection(content)) ? noSmtpUtf8 : null;
}

/** A path beyond ASCII bars only its own recipient. */
export function refusalOfRecipient(recipient: ClientRecipient, offered: Capabilities): Refusal {
  return offered.smtpUtf8 || isAscii(recipient.path) ? null : noSmtpUtf8;
}

/** What this transaction may say to this server. */
export interface Dialect {
  readonly offered: Capabilities;
  readonly usesSmtpUtf8: boolean;
}

export function dialectOf(asked: ClientTransaction, offered: Capabilities): Dialect {
  return { offered, usesSmtpUtf8: offered.smtpUtf8 && needsSmtpUtf8(asked) };
}

export function mailCommand(asked: ClientTransaction, dialect: Dialect): string {
  const { offered, usesSmtpUtf8 } = dialect;
  const { content, body, ret, envid } = asked;
  let command = `MAIL FROM:<${asked.reversePath}>`;
  if (offered.size !== undefined) command += ` SIZE=${content.length}`;
  if (offered.eightBitMime && body === "8bitmime") command += " BODY=8BITMIME";
  if (usesSmtpUtf8) command += " SMTPUTF8";
  // RFC 3461 §4.3, §4.4
  if (offered.dsn && ret !== undefined) command += ret === "full" ? " RET=FULL" : " RET=HDRS";
  if (offered.dsn && envid !== undefined) command += ` ENVID=${envid}`;
  return line(command);
}

export function recipientCommand(recipient: ClientRecipient, dialect: Dialect): string {
  const { offered, usesSmtpUtf8 } = dialect;
  const { notify, orcpt } = recipient;
  let command = `RCPT TO:<${recipient.path}>`;
  // RFC 3461 §4.1, §4.2
  if (offered.dsn && notify !== undefined) command += ` NOTIFY=${notify.join(",").toUpperCase()}`;
  if (offered.dsn && orcpt !== undefined) {
    command += ` ORCPT=${usesSmtpUtf8 ? orcpt : asciiOrcpt(orcpt)}`;
  }
  return line(command);
}

function needsSmtpUtf8(asked: ClientTransaction): boolean {
  if (asked.smtpUtf8 || !isAscii(asked.reversePath)) return true;
  return asked.recipients.some(({ path }) => !isAscii(path));
}

/** RFC 6533 §3: without SMTPUTF8 what is beyond ASCII is written as utf-8-addr-xtext. */
function asciiOrcpt(orcpt: string): string {
  if (isAscii(orcpt)) return orcpt;
  const escaped = (character: string) =>
    `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
  return orcpt.replace(/[^\0-\x7f]/gu, escaped);
}

/** Whatever the queue may hold, one command stays one command. */
function line(command: string): string {
  assert(!command.includes("\r") && !command.includes("\n"), "a command is one line");
  return `${command}\r\n`;
}

const lf = 10;
const cr = 13;

/** Up to the empty line. */
function headerSection(content: Uint8Array): Uint8Array {
  for (let at = content.indexOf(lf); at !== -1; at = content.indexOf(lf, at + 1)) {
    if (content[at + 1] === cr && content[at + 2] === lf) return content.subarray(0, at + 1);
  }
  return content;
}
