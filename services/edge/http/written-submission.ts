/** From a request whose form is right to a submission, or to everything that is wrong with it. */
import { keyText } from "#lib/config/fault";
import type { KeyPath } from "#lib/config/place";
import type { ControlFields } from "#lib/message/control-fields";
import { parseDateTime } from "#lib/smtp/date/date-time";
import { type Mailbox, parseMailbox, type ReversePath } from "#lib/smtp/path";
import type {
  MessageRequest,
  RawQuery,
  WrittenAttachment,
  WrittenMailbox,
  WrittenRecipient,
} from "./description/request-schema.ts";
import type { Attachment, HeaderMailbox, Letter } from "./message/letter.ts";
import type { Submission, SubmittedContent, WantedRecipient } from "./message/submission.ts";
import { Problem } from "./problem.ts";

export interface RequestFault {
  readonly path: string;
  readonly message: string;
}

/** What composes a message, and has no place beside a whole one. */
const composingKeys = [
  "from",
  "to",
  "cc",
  "bcc",
  "replyTo",
  "subject",
  "text",
  "html",
  "headers",
  "attachments",
  "substitutions",
] as const;

/** Written by us, or by nobody: those that tell of the message's way, and of its form. */
const ownFields =
  /^(?:from|to|cc|bcc|reply-to|subject|date|message-id|mime-version|received|return-path|content-.*|x-godwit-.*|resent-.*)$/i;

/** @throws {Problem} 400, with each fault */
export function writtenSubmission(request: MessageRequest): Submission {
  return new Reading(request).submission();
}

/** @throws {Problem} 400 */
export function rawSubmission(query: RawQuery, bytes: Uint8Array): Submission {
  const { reversePath, recipient, ...labels } = query;
  const request = { reversePath, recipients: recipient, ...labels };
  return new Reading(request).rawSubmission(bytes);
}

/** @throws {Problem} 400 */
export function refuseFaults(faults: readonly RequestFault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  const { path, message } = first;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const subject = path === "" ? "the request" : path;
  throw new Problem(400, `${subject} ${message}${more}`, { more: { errors: [...faults] } });
}

class Reading {
  readonly #request: MessageRequest;
  readonly #faults: RequestFault[] = [];

  constructor(request: MessageRequest) {
    this.#request = request;
  }

  submission(): Submission {
    const { raw } = this.#request;
    if (raw !== undefined) return this.rawSubmission(Buffer.from(raw, "base64"));
    const from = this.#mailbox(this.#request.from, "from");
    const reversePath = this.#reversePath(from?.mailbox);
    const recipients = this.#recipients();
    const content = from === undefined ? undefined : this.#composed(from);
    refuseFaults(this.#faults);
    if (content === undefined) throw new Error("a request without faults has a From");
    return { reversePath, recipients, content, ...this.#labels(), ...this.#schedule() };
  }

  rawSubmission(bytes: Uint8Array): Submission {
    const request = this.#request;
    for (const key of composingKeys) {
      if (request[key] !== undefined) this.#fault([key], "is not for a raw message");
    }
    const reversePath = this.#reversePath(undefined);
    const recipients = (request.recipients ?? []).map(wantedRecipient);
    if (recipients.length === 0) this.#fault(["recipients"], "is missing");
    recipients.forEach(({ substitutions }, i) => {
      if (substitutions === undefined) return;
      this.#fault(["recipients", i, "substitutions"], "is not for a raw message");
    });
    refuseFaults(this.#faults);
    const content = { kind: "raw", bytes } as const;
    return { reversePath, recipients, content, ...this.#labels(), ...this.#schedule() };
  }

  #composed(from: HeaderMailbox): SubmittedContent {
    const { recipients, substitutions } = this.#request;
    const letter = this.#letter(from);
    const given = substitutions === undefined ? {} : { substitutions };
    return { kind: recipients === undefined ? "shared" : "each", letter, ...given };
  }

  #letter(from: HeaderMailbox): Letter {
    const { to = [], cc = [], replyTo = [], subject, text, html, headers = {} } = this.#request;
    const { attachments = [] } = this.#request;
    if (text === undefined && html === undefined && attachments.length === 0) {
      this.#fault([], "has no text, no html and no attachments");
    }
    this.#lookAtHeaders(headers);
    this.#lookAtAttachments(attachments, html !== undefined);
    return {
      from,
      to: to.flatMap(readable),
      cc: cc.flatMap(readable),
      replyTo: replyTo.flatMap((it, i) => this.#mailbox(it, "replyTo", i) ?? []),
      ...(subject === undefined ? {} : { subject }),
      ...(text === undefined ? {} : { text }),
      ...(html === undefined ? {} : { html }),
      headers,
      attachments: attachments.map(decoded),
    };
  }

  /** Those of To, Cc and Bcc, or those of a mailing. */
  #recipients(): readonly WantedRecipient[] {
    const { to = [], cc = [], bcc = [], recipients } = this.#request;
    const shown = [...to, ...cc, ...bcc];
    if (recipients !== undefined && shown.length > 0) {
      this.#fault(["recipients"], "does not go together with to, cc and bcc");
    }
    if (recipients === undefined && shown.length === 0) {
      this.#fault([], "has no recipients: to, cc and bcc, or recipients for a message each");
    }
    return (recipients ?? shown).map(wantedRecipient);
  }

  #reversePath(from: Mailbox | undefined): ReversePath {
    const { reversePath } = this.#request;
    if (reversePath === "") return null;
    if (reversePath === undefined) {
      if (from === undefined && this.#faults.length === 0)
        this.#fault(["reversePath"], "is missing");
      return from ?? null;
    }
    const mailbox = parseMailbox(reversePath);
    if (mailbox === undefined) this.#fault(["reversePath"], noMailbox);
    return mailbox ?? null;
  }

  #mailbox(written: WrittenMailbox | undefined, ...path: KeyPath): HeaderMailbox | undefined {
    if (written === undefined) {
      this.#fault(path, "is missing");
      return undefined;
    }
    const [mailbox] = readable(written);
    if (mailbox === undefined) this.#fault(path, noMailbox);
    return mailbox;
  }

  #labels(): { readonly labels?: ControlFields } {
    const { tenant, campaign, pool, priority } = this.#request;
    const labels = {
      ...(tenant === undefined ? {} : { tenant }),
      ...(campaign === undefined ? {} : { campaign }),
      ...(pool === undefined ? {} : { pool }),
      ...(priority === undefined ? {} : { priority }),
    };
    return Object.keys(labels).length === 0 ? {} : { labels };
  }

  #schedule(): { readonly notBefore?: number } {
    const { sendAt } = this.#request;
    const notBefore = sendAt === undefined ? undefined : parseDateTime(sendAt);
    return notBefore === undefined ? {} : { notBefore };
  }

  #lookAtHeaders(headers: Readonly<Record<string, string>>): void {
    const seen = new Set<string>();
    for (const name of Object.keys(headers)) {
      if (ownFields.test(name))
        this.#fault(["headers", name], "is a field that is written for you");
      if (seen.has(name.toLowerCase())) this.#fault(["headers", name], "is there already");
      seen.add(name.toLowerCase());
    }
  }

  #lookAtAttachments(attachments: readonly WrittenAttachment[], hasHtml: boolean): void {
    const ids = new Set<string>();
    attachments.forEach(({ contentType = "", contentId }, i) => {
      // RFC 2045 §6.4: these must not be encoded, and what is in them is not ours to look at.
      if (/^(?:multipart|message)\//i.test(contentType)) {
        this.#fault(["attachments", i, "contentType"], "is a type that holds parts or messages");
      }
      if (contentId === undefined) return;
      const at = ["attachments", i, "contentId"] as const;
      if (!hasHtml) this.#fault(at, "is for a part of html, and there is none");
      if (ids.has(contentId)) this.#fault(at, "is there already");
      ids.add(contentId);
    });
  }

  #fault(path: KeyPath, message: string): void {
    this.#faults.push({ path: keyText(path), message });
  }
}

const noMailbox = "is no mailbox, such as ann@example.org";

/** One that is none stands in no header field: its recipient is refused. */
function readable(written: WrittenMailbox): HeaderMailbox[] {
  const { address, name } = typeof written === "string" ? { address: written } : written;
  const mailbox = parseMailbox(address);
  if (mailbox === undefined) return [];
  return [{ mailbox, ...(name === undefined ? {} : { name }) }];
}

function wantedRecipient(written: WrittenRecipient): WantedRecipient {
  if (typeof written === "string") return { address: written, mailbox: parseMailbox(written) };
  return { ...written, mailbox: parseMailbox(written.address) };
}

function decoded({ content, ...attachment }: WrittenAttachment): Attachment {
  return { ...attachment, content: Buffer.from(content, "base64") };
}
