/** One table: each verb, when it is allowed, and what it does (RFC 5321 §4.1.1, §4.1.4). */

import { isAscii, isPrintable } from "../ascii.ts";
import { afterKeyword, type Verb } from "../command.ts";
import { type FutureRelease, futureReleaseKeyword } from "../future-release.ts";
import {
  type ParametersParse,
  parseMailParameters,
  parseRecipientParameters,
} from "../parameters.ts";
import { parseForwardPath, parseReversePath } from "../path.ts";
import { type Reply, reply } from "../reply.ts";
import { type Mechanism, SaslExchange, type SaslStep } from "../sasl.ts";
import { replies } from "./replies.ts";
import type { SessionState } from "./state.ts";

interface VerbRule {
  /** Why it is not allowed now; undefined when it is. */
  readonly check: (session: SessionState, argument: string) => Reply | undefined;
  readonly act: (session: SessionState, argument: string) => void;
}

/** RFC 5321 §4.5.3.1.2. */
const heloLengthMax = 255;

export const verbTable: Readonly<Record<Verb, VerbRule>> = {
  EHLO: { check: badHelo, act: (session, name) => hello(session, name, true) },
  HELO: { check: badHelo, act: (session, name) => hello(session, name, false) },
  MAIL: { check: mailNotNow, act: mail },
  RCPT: { check: recipientNotNow, act: recipient },
  DATA: { check: dataNotNow, act: (session) => session.readData() },
  RSET: { check: noArgument, act: reset },
  NOOP: { check: always, act: (session) => session.say(replies.ok) },
  QUIT: { check: noArgument, act: (session) => session.leave(replies.bye) },
  VRFY: { check: argumentMissing, act: (session) => session.say(replies.cannotVerify) },
  EXPN: { check: always, act: (session) => session.refuse(replies.notImplemented) },
  HELP: { check: always, act: (session) => session.say(replies.help) },
  STARTTLS: { check: startTlsNotNow, act: startTls },
  AUTH: { check: authNotNow, act: auth },
};

function always(): undefined {}

function noArgument(_: SessionState, argument: string): Reply | undefined {
  return argument === "" ? undefined : replies.noArgument;
}

/**
 * Deviates: RFC 5321 §4.1.1.1 wants a domain or a literal. Many send less and nothing hangs on it,
 * but what stands in the trace field must be one printable word.
 */
function badHelo(_: SessionState, name: string): Reply | undefined {
  const isWord = isPrintable(name) && isAscii(name) && name.length <= heloLengthMax;
  return isWord ? undefined : replies.heloArgument;
}

/** RFC 5321 §3.5.3: whom to verify must be said. */
function argumentMissing(_: SessionState, argument: string): Reply | undefined {
  return argument === "" ? replies.argumentMissing : undefined;
}

function hello(session: SessionState, name: string, isExtended: boolean): void {
  // RFC 5321 §4.1.4: EHLO in mid-session is as RSET.
  session.transaction = undefined;
  session.helo = { name, isExtended };
  const { hostname } = session.settings;
  session.say(reply(250, undefined, isExtended ? [hostname, ...extensions(session)] : hostname));
}

function extensions(session: SessionState): string[] {
  const { settings, isTls, user } = session;
  const offered = ["PIPELINING", `SIZE ${settings.limits.messageSizeMax}`];
  if (settings.offersStartTls && !isTls) offered.push("STARTTLS");
  const mayAuth = settings.auth === "always" || (settings.auth === "underTls" && isTls);
  if (mayAuth && user === undefined) offered.push("AUTH PLAIN LOGIN");
  offered.push("ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN");
  const release = futureReleaseOf(session);
  if (release !== undefined) offered.push(futureReleaseKeyword(release));
  return offered;
}

function futureReleaseOf({ settings }: SessionState): FutureRelease | undefined {
  const { futureRelease } = settings;
  if (futureRelease === undefined) return undefined;
  return { now: futureRelease.clock.now(), msMax: futureRelease.msMax };
}

function mailNotNow(session: SessionState): Reply | undefined {
  const { settings } = session;
  if (session.helo === undefined) return replies.heloFirst;
  if (settings.requiresTls && !session.isTls) return replies.tlsRequired;
  if (settings.requiresAuth && session.user === undefined) return replies.authRequired;
  return session.transaction === undefined ? undefined : replies.nestedMail;
}

function mail(session: SessionState, argument: string): void {
  const text = afterKeyword(argument, "FROM:");
  if (text === undefined) return session.refuse(replies.mailSyntax);
  const path = parseReversePath(text);
  if (!path.ok) return session.refuse(reply(501, "5.1.7", `Bad sender address: ${path.reason}`));
  const parsed = parseMailParameters(path.rest, futureReleaseOf(session));
  if (!parsed.ok) return session.refuse(badParameter(parsed));
  const { parameters } = parsed;
  if (path.isInternational && !parameters.smtpUtf8) return session.refuse(replies.utf8Required);
  // RFC 1870 §6.1: known to be too big before it is sent.
  if ((parameters.size ?? 0) > session.settings.limits.messageSizeMax) {
    return session.refuse(replies.tooBig);
  }
  session.ask({ kind: "admitMail", reversePath: path.path, parameters });
}

function recipientNotNow({ transaction }: SessionState): Reply | undefined {
  return transaction === undefined ? replies.mailFirst : undefined;
}

function recipient(session: SessionState, argument: string): void {
  const { transaction, settings } = session;
  if ((transaction?.recipients.length ?? 0) >= settings.limits.recipientsMax) {
    return session.say(replies.tooManyRecipients);
  }
  const text = afterKeyword(argument, "TO:");
  if (text === undefined) return session.refuse(replies.recipientSyntax);
  const path = parseForwardPath(text);
  if (!path.ok) return session.refuse(reply(501, "5.1.3", `Bad recipient address: ${path.reason}`));
  const parsed = parseRecipientParameters(path.rest);
  if (!parsed.ok) return session.refuse(badParameter(parsed));
  const { orcpt = "" } = parsed.parameters;
  // RFC 6533 §3: the UTF-8 form of an original recipient, too, needs SMTPUTF8.
  const isInternational = path.isInternational || !isAscii(orcpt);
  if (isInternational && transaction?.parameters.smtpUtf8 !== true) {
    return session.refuse(replies.utf8Required);
  }
  session.ask({ kind: "admitRecipient", forwardPath: path.path, parameters: parsed.parameters });
}

function dataNotNow({ transaction }: SessionState, argument: string): Reply | undefined {
  if (argument !== "") return replies.noArgument;
  if (transaction === undefined) return replies.mailFirst;
  return transaction.recipients.length === 0 ? replies.noRecipients : undefined;
}

function reset(session: SessionState): void {
  session.transaction = undefined;
  session.say(replies.ok);
}

function startTlsNotNow(session: SessionState, argument: string): Reply | undefined {
  if (argument !== "") return replies.noArgument;
  if (session.isTls) return replies.tlsAlready;
  if (!session.settings.offersStartTls) return replies.notImplemented;
  return session.transaction === undefined ? undefined : replies.notInTransaction;
}

function startTls(session: SessionState): void {
  // RFC 3207 §4.2, STYLE §14.4: what came before the handshake came from anybody.
  if (session.pending > 0) return session.leave(replies.bytesBehindStartTls);
  session.say(replies.startTls);
  session.ask({ kind: "startTls" });
}

function authNotNow(session: SessionState): Reply | undefined {
  const { auth: offered } = session.settings;
  if (offered === "never") return replies.notImplemented;
  if (session.helo?.isExtended !== true) return replies.heloFirst;
  if (session.user !== undefined) return replies.authAlready;
  if (session.transaction !== undefined) return replies.notInTransaction;
  return offered === "underTls" && !session.isTls ? replies.encryptionRequired : undefined;
}

function auth(session: SessionState, argument: string): void {
  const [word = "", initial, ...more] = argument.split(" ");
  if (word === "") return session.refuse(replies.argumentMissing);
  const mechanism = mechanismOf(word);
  if (mechanism === undefined) return session.refuse(replies.unknownMechanism);
  if (more.length > 0) return session.refuse(replies.authSyntax);
  const exchange = new SaslExchange(mechanism);
  session.sasl = exchange;
  takeSaslStep(session, exchange.start(initial));
}

/** A line of the client during AUTH. */
export function authLine(session: SessionState, exchange: SaslExchange, line: string): void {
  if (line === "*") {
    session.sasl = undefined;
    session.refuse(replies.authCancelled);
  } else takeSaslStep(session, exchange.respond(line));
}

function takeSaslStep(session: SessionState, step: SaslStep): void {
  if (step.kind === "challenge") return session.say(reply(334, undefined, step.text));
  session.sasl = undefined;
  if (step.kind === "bad") return session.refuse(replies.authSyntax);
  session.ask({ kind: "authenticate", user: step.user, password: step.password });
}

function mechanismOf(word: string): Mechanism | undefined {
  const upper = word.toUpperCase();
  return upper === "PLAIN" || upper === "LOGIN" ? upper : undefined;
}

function badParameter(parsed: ParametersParse<unknown> & { ok: false }): Reply {
  const { fault, reason } = parsed;
  if (fault === "unknown") return reply(555, "5.5.4", `Unsupported parameter: ${reason}`);
  return reply(501, "5.5.4", `Bad parameter: ${isAscii(reason) ? reason : "?"}`);
}
