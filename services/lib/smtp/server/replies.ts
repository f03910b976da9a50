/** What a server session says: made once, said often. */
import { type Reply, reply } from "../reply.ts";

export const replies = {
  ok: reply(250, "2.0.0", "Ok"),
  mailOk: reply(250, "2.1.0", "Ok"),
  recipientOk: reply(250, "2.1.5", "Ok"),
  bye: reply(221, "2.0.0", "Bye"),
  startTls: reply(220, "2.0.0", "Ready to start TLS"),
  authenticated: reply(235, "2.7.0", "Authentication successful"),
  data: reply(354, undefined, "End data with <CR><LF>.<CR><LF>"),
  cannotVerify: reply(252, "2.5.2", "Cannot VRFY user, but will accept message"),
  help: reply(214, "2.0.0", "See RFC 5321"),

  shuttingDown: reply(421, "4.3.2", "Service shutting down, closing connection"),
  timeout: reply(421, "4.4.2", "Timeout, closing connection"),
  tooManyErrors: reply(421, "4.7.0", "Too many errors, closing connection"),
  tooManyRecipients: reply(452, "4.5.3", "Too many recipients"),

  unknownVerb: reply(500, "5.5.1", "Command not recognized"),
  lineTooLong: reply(500, "5.5.2", "Line too long"),
  bareCrOrLf: reply(500, "5.5.2", "Bare CR or LF in command"),
  nul: reply(500, "5.5.2", "NUL in command"),
  badUtf8: reply(500, "5.5.2", "Command is not UTF-8"),
  noArgument: reply(501, "5.5.4", "No argument allowed"),
  argumentMissing: reply(501, "5.5.4", "Argument missing"),
  heloArgument: reply(501, "5.5.4", "Syntax: EHLO hostname"),
  mailSyntax: reply(501, "5.5.4", "Syntax: MAIL FROM:<address>"),
  recipientSyntax: reply(501, "5.5.4", "Syntax: RCPT TO:<address>"),
  bytesBehindStartTls: reply(501, "5.5.1", "STARTTLS must be the last command sent"),
  authCancelled: reply(501, "5.7.0", "Authentication cancelled"),
  authSyntax: reply(501, "5.5.2", "Cannot decode response"),
  notImplemented: reply(502, "5.5.1", "Command not implemented"),
  heloFirst: reply(503, "5.5.1", "Send EHLO first"),
  nestedMail: reply(503, "5.5.1", "Nested MAIL command"),
  mailFirst: reply(503, "5.5.1", "Need MAIL command"),
  notInTransaction: reply(503, "5.5.1", "Not during a mail transaction"),
  tlsAlready: reply(503, "5.5.1", "TLS is already active"),
  authAlready: reply(503, "5.5.1", "Already authenticated"),
  unknownMechanism: reply(504, "5.5.4", "Unrecognized authentication mechanism"),
  tlsRequired: reply(530, "5.7.0", "Must issue a STARTTLS command first"),
  authRequired: reply(530, "5.7.0", "Authentication required"),
  authFailed: reply(535, "5.7.8", "Authentication credentials invalid"),
  encryptionRequired: reply(538, "5.7.11", "Encryption required for authentication"),
  utf8Required: reply(553, "5.6.7", "SMTPUTF8 is required for this address"),
  tooBig: reply(552, "5.3.4", "Message size exceeds fixed limit"),
  noRecipients: reply(554, "5.5.1", "No valid recipients"),
  loop: reply(554, "5.4.6", "Too many hops"),
  contentBareCrOrLf: reply(550, "5.6.0", "Bare CR or LF in message: lines must end with CRLF"),
  contentLineTooLong: reply(550, "5.6.0", "Message has a line that is too long"),
} satisfies Readonly<Record<string, Reply>>;

const refusals: ReadonlySet<Reply> = new Set([
  replies.tooBig,
  replies.loop,
  replies.contentBareCrOrLf,
  replies.contentLineTooLong,
]);

/** Whether it refuses a message as such, not a command or a recipient: its sender will ask why. */
export function refusesMessage(said: Reply): boolean {
  return refusals.has(said);
}
