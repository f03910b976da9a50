/** What a request to submit messages looks like; the API's document is made of this, too. */
import { z } from "zod";
import { parseDateTime } from "#lib/smtp/date/date-time";

/** RFC 5322 §2.1.1: a line has 998 octets; a value may be folded, its words may not. */
const headerTextMax = 10_000;
const nameLengthMax = 256;
const headersMax = 50;
const attachmentsMax = 100;
/** Of To, Cc and Bcc together too, whatever the listener's `recipientsMax`: an answer must be kept. */
export const requestRecipientsMax = 1_000;

/** Free of CR, LF and their like: a value can never become a field of its own. */
export const headerTextForm = /^\P{Cc}*$/u;
/** RFC 5322 §3.6.8. */
const fieldNameForm = /^[!-9;-~]{1,76}$/;
/** RFC 2045 §5.1, with parameters. */
const mediaTypeForm =
  /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}(?:\s*;[ -~]{1,200})?$/;
/** RFC 2392: an addr-spec, or any word that is unique in the message. */
const contentIdForm = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,128}$/;
const labelForm = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

const noControls = "has a control character, such as a line end";
const headerText = (lengthMax: number) =>
  z.string().max(lengthMax).regex(headerTextForm, noControls);
const label = z.string().regex(labelForm, "must be 1 to 64 letters, digits and any of _ . @ -");

/** RFC 3339 §5.6, with its offset: a time without one is another one in each place. */
const sendAt = z
  .string()
  .refine((text) => parseDateTime(text) !== undefined, {
    error: "is no time with an offset, such as 2026-12-01T08:00:00Z",
  })
  .meta({ format: "date-time" });

const address = z.string().min(1).max(512).meta({
  description: "A mailbox as in SMTP, such as `ann@example.org`; a name goes into `name`.",
});
const namedMailbox = z.strictObject({ address, name: headerText(nameLengthMax).exactOptional() });
const mailbox = z.union([address, namedMailbox], "must be an address, or { address, name }");

const substitutions = z.record(z.string(), z.unknown()).meta({
  description: "Values of the variables of `subject`, `text`, `html` and `headers` (Liquid).",
});

const recipient = z.union(
  [address, namedMailbox.extend({ substitutions: substitutions.exactOptional() })],
  "must be an address, or { address, name, substitutions }",
);

const attachment = z.strictObject({
  filename: headerText(nameLengthMax).min(1),
  content: z.base64().meta({ description: "Its bytes." }),
  contentType: z.string().regex(mediaTypeForm, "is no media type").exactOptional(),
  contentId: z
    .string()
    .regex(contentIdForm, "is no content id")
    .exactOptional()
    .meta({ description: "Makes it a part of the HTML, which shows it as `cid:…`." }),
});

const mailboxes = z.array(mailbox);

export const messageRequest = z.strictObject({
  reversePath: z.string().max(512).exactOptional().meta({
    description:
      "To whom failures are told, as MAIL FROM; default: the address of `from`. Empty: nobody is told.",
  }),
  from: mailbox.exactOptional(),
  to: mailboxes.exactOptional(),
  cc: mailboxes.exactOptional(),
  bcc: mailboxes.exactOptional(),
  recipients: z
    .array(recipient)
    .min(1)
    .exactOptional()
    .meta({
      description: `Each gets a message of its own, with itself in To. Of \`raw\`: all get the same. At most ${requestRecipientsMax}.`,
    }),
  replyTo: mailboxes.exactOptional(),
  subject: headerText(headerTextMax).exactOptional(),
  text: z.string().exactOptional(),
  html: z.string().exactOptional(),
  headers: z
    .record(
      z.string().regex(fieldNameForm, "is no name of a header field"),
      headerText(headerTextMax),
    )
    .refine((fields) => Object.keys(fields).length <= headersMax, `has more than ${headersMax}`)
    .exactOptional(),
  attachments: z.array(attachment).max(attachmentsMax).exactOptional(),
  substitutions: substitutions.exactOptional(),
  raw: z.base64().exactOptional().meta({
    description:
      "A whole message (RFC 5322) with CRLF line ends, in the place of all that would compose one.",
  }),
  tenant: label.exactOptional().meta({
    description: "Whose mail it is, if not the token's own; the token must allow it.",
  }),
  campaign: label.exactOptional(),
  pool: label.exactOptional(),
  priority: z.enum(["high", "normal"]).exactOptional(),
  sendAt: sendAt.exactOptional().meta({
    description: "Not to be sent before; as far ahead as the server allows. It is queued at once.",
  }),
});

/** The query of a message that is sent as such. */
export const rawQuery = z.strictObject({
  reversePath: z.string().max(512),
  recipient: z.array(address).min(1),
  tenant: label.exactOptional(),
  campaign: label.exactOptional(),
  pool: label.exactOptional(),
  priority: z.enum(["high", "normal"]).exactOptional(),
  sendAt: sendAt.exactOptional(),
});

export type MessageRequest = z.output<typeof messageRequest>;
export type RawQuery = z.output<typeof rawQuery>;
export type WrittenMailbox = z.output<typeof mailbox>;
export type WrittenRecipient = z.output<typeof recipient>;
export type WrittenAttachment = z.output<typeof attachment>;
export type Substitutions = Readonly<Record<string, unknown>>;
