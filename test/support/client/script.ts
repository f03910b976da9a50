/**
 * What the headers and lines of a client transcript tell the session.
 *
 *   # settings: tls=required protocol=lmtp     any of ClientSettings
 *
 *   E: from=<a@client.example> ret=full envid=abc body=8bitmime international=true lineMax=998
 *   E: to=<b@server.example> notify=success,failure orcpt=rfc822;b@server.example
 *   M: Subject: x                              the content, a line each; one line "x" if not said
 */

import type { ClientRecipient, ClientSettings, ClientTransaction } from "#lib/smtp/client/step";
import type { PathText } from "#lib/smtp/path";
import { octets, parseAssignments, type Transcript } from "../transcript.ts";

export function settingsOf({ headers }: Transcript): ClientSettings {
  const settings: Record<string, string> = {
    hostname: "client.example",
    protocol: "smtp",
    tls: "opportunistic",
  };
  for (const { name, value } of headers) {
    if (name !== "settings") throw new SyntaxError(`No such header: ${name}`);
    for (const [key, text] of parseAssignments(value)) {
      if (!(key in settings)) throw new SyntaxError(`No such setting: ${key}`);
      settings[key] = text;
    }
  }
  return settings as unknown as ClientSettings;
}

/** Of all `E:` and `M:` lines since the transaction before. */
export function transactionOf(
  envelope: readonly string[],
  content: readonly string[],
): ClientTransaction {
  const recipients: ClientRecipient[] = [];
  let mail: Record<string, unknown> = { reversePath: "a@client.example" };
  for (const line of envelope) {
    const words = new Map(parseAssignments(line));
    if (words.has("to")) recipients.push(recipientOf(words));
    else mail = { ...mail, ...mailOf(words) };
  }
  return {
    body: "7bit",
    smtpUtf8: false,
    contentLineMax: 0,
    ...mail,
    recipients,
    content: octets(content.length === 0 ? ["x"] : content),
  } as unknown as ClientTransaction;
}

function recipientOf(words: ReadonlyMap<string, string>): ClientRecipient {
  const notify = words.get("notify")?.split(",");
  const orcpt = words.get("orcpt");
  return {
    path: pathOf(words.get("to")),
    ...(notify === undefined ? {} : { notify: notify as ("success" | "failure")[] }),
    ...(orcpt === undefined ? {} : { orcpt }),
  };
}

function mailOf(words: ReadonlyMap<string, string>): Record<string, unknown> {
  const mail: Record<string, unknown> = {};
  for (const [key, text] of words) {
    if (key === "from") mail.reversePath = pathOf(text);
    else if (key === "international") mail.smtpUtf8 = text === "true";
    else if (key === "lineMax") mail.contentLineMax = Number(text);
    else if (["ret", "envid", "body"].includes(key)) mail[key] = text;
    else throw new SyntaxError(`No such parameter: ${key}`);
  }
  return mail;
}

function pathOf(text: string | undefined): PathText {
  if (text?.[0] !== "<" || !text.endsWith(">")) throw new SyntaxError(`No path: ${text}`);
  return text.slice(1, -1) as PathText;
}
