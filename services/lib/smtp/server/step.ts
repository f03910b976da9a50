/** What a server session asks of its driver, and what the driver answers. */

import type { Clock } from "#lib/clock";
import type { MailParameters, RecipientParameters } from "../parameters.ts";
import type { ForwardPath, ReversePath } from "../path.ts";
import type { Reply } from "../reply.ts";

/**
 * After a step marked (asks) the session waits: it buffers further input and gives no step
 * until `ServerSession.answer` was called. Replies are to be sent in the order of the steps.
 */
export type ServerStep =
  | { readonly kind: "reply"; readonly reply: Reply }
  /**
   * Send what is queued, then shake hands; then `answer({kind: "tlsStarted"})` or destroy the
   * connection. (asks)
   */
  | { readonly kind: "startTls" }
  /** Verify a password; `answer({kind: "authenticated"| "refused"})`. (asks) */
  | { readonly kind: "authenticate"; readonly user: string; readonly password: string }
  /**
   * May this reverse-path be used? `answer({kind: "admitted"} | {kind: "refused", reply})`. (asks)
   */
  | {
      readonly kind: "admitMail";
      readonly reversePath: ReversePath;
      readonly parameters: MailParameters;
    }
  /** May mail for this forward-path be taken? As above. (asks) */
  | {
      readonly kind: "admitRecipient";
      readonly forwardPath: ForwardPath;
      readonly parameters: RecipientParameters;
    }
  /**
   * Make the message durable; `answer({kind: "accepted", queueId} | {kind: "refused", reply})`.
   * (asks)
   */
  | {
      readonly kind: "acceptMessage";
      readonly transaction: Transaction;
      readonly content: Uint8Array;
    }
  /**
   * Wait this long before anything else of this session is done: tarpit for errors. (asks; answer
   * `resumed`)
   */
  | { readonly kind: "pause"; readonly delayMs: number }
  /** Send what is queued, then close. Last step of a session. */
  | { readonly kind: "close" };

export type ServerAnswer =
  | { readonly kind: "tlsStarted" }
  | { readonly kind: "authenticated" }
  | { readonly kind: "admitted" }
  | { readonly kind: "accepted"; readonly queueId: string }
  | { readonly kind: "refused"; readonly reply: Reply }
  | { readonly kind: "resumed" };

/** A mail transaction that reached end of mail data: MAIL to the final dot (RFC 5321 §3.3). */
export interface Transaction {
  readonly reversePath: ReversePath;
  readonly parameters: MailParameters;
  readonly recipients: readonly AdmittedRecipient[];
  readonly helo: string;
  /** EHLO was used: `with ESMTP…` (RFC 3848). */
  readonly isExtended: boolean;
}

export interface AdmittedRecipient {
  readonly forwardPath: ForwardPath;
  readonly parameters: RecipientParameters;
}

/** Settings of one session; constant but for `isTls` and `user`, which the session keeps itself. */
export interface ServerSettings {
  /** Our name in the greeting and the EHLO reply. */
  readonly hostname: string;
  /** What is offered; the session offers STARTTLS only before TLS, AUTH as `auth` says. */
  readonly offersStartTls: boolean;
  readonly auth: "never" | "underTls" | "always";
  /** MAIL is refused with 530 5.7.0 until AUTH succeeded. */
  readonly requiresAuth: boolean;
  /** MAIL is refused with 530 5.7.0 until STARTTLS. */
  readonly requiresTls: boolean;
  /** The connection is under TLS from its first byte. */
  readonly isTls: boolean;
  /** How far ahead mail may be submitted (RFC 4865); absent: it is not offered. */
  readonly futureRelease?: { readonly msMax: number; readonly clock: Pick<Clock, "now"> };
  readonly limits: ServerLimits;
}

/** DESIGN §9. */
export interface ServerLimits {
  readonly messageSizeMax: number;
  readonly recipientsMax: number;
  readonly contentLineMax: number;
  readonly commandLineMax: number;
  readonly authLineMax: number;
  readonly errorsSoftMax: number;
  readonly errorsHardMax: number;
  readonly errorDelayMs: number;
  readonly receivedFieldsMax: number;
  /**
   * Input buffered while the driver owes an answer; beyond it `isFull` asks the driver to pause
   * reading.
   */
  readonly pipelinedBytesMax: number;
}
