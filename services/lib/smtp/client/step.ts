/** What a client session asks of its driver. Mirror of the server's steps. */
import type { PathText } from "../path.ts";
import type { Reply } from "../reply.ts";

export type ClientStep =
  /** Hand these bytes to the connection. Not reused by the session. */
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** The server said 220 to STARTTLS: shake hands, then `tlsStarted()` or `tlsFailed()`. */
  | { readonly kind: "startTls" }
  /** Greeted and (if so asked) under TLS: `transact` may be called. */
  | { readonly kind: "ready" }
  /** One recipient's fate in the running transaction is known. Every recipient gets exactly one. */
  | { readonly kind: "settle"; readonly index: number; readonly result: RecipientResult }
  /**
   * All recipients of the transaction are settled. `isReusable`: `transact` may be called again.
   */
  | { readonly kind: "transactionDone"; readonly isReusable: boolean }
  /**
   * The session cannot go on (refused, protocol error, 421): close the connection. Running
   * recipients were settled before.
   */
  | { readonly kind: "failed"; readonly failure: SessionFailure }
  /** QUIT was answered, or need not be: close. */
  | { readonly kind: "closed" };

/** What the server said of one recipient, and to which command. */
export interface RecipientResult {
  /**
   * The command whose reply decided: `data` is the reply to DATA itself, `dot` the one to end of
   * mail data.
   */
  readonly stage: "mail" | "rcpt" | "data" | "dot" | "local";
  /** Absent when none came: the connection was lost, or we refused locally (stage `local`). */
  readonly reply?: Reply;
  /** What happened when there is no reply. */
  readonly reason?: string;
  /** The final dot was sent and no reply came: it may have been delivered (RFC 1047). */
  readonly isInDoubt: boolean;
  /**
   * Local refusals that another host cannot heal: 5.6.3 (8BITMIME missing), 5.6.7 (SMTPUTF8
   * missing), 5.3.4 (SIZE).
   */
  readonly localStatus?: "5.6.3" | "5.6.7" | "5.3.4" | "5.6.0";
}

export interface SessionFailure {
  /** `connect`: there was no connection; the driver tells that, not the session. */
  readonly stage: "connect" | "greeting" | "ehlo" | "starttls" | "idle" | "transaction";
  readonly reply?: Reply;
  readonly reason: string;
}

/** RFC 5321 §4.5.3.2: how long the driver waits for the session's next progress. */
export type WaitingFor =
  | "greeting"
  | "ehlo"
  | "starttls"
  | "mail"
  | "rcpt"
  | "dataInitiation"
  | "dataBlock"
  | "dataTermination"
  | "quit"
  | "nothing";

export interface ClientSettings {
  /** Argument of EHLO (LHLO). */
  readonly hostname: string;
  readonly protocol: "smtp" | "lmtp";
  /** `opportunistic`: STARTTLS when offered. */
  readonly tls: "never" | "opportunistic" | "required";
}

export interface ClientTransaction {
  readonly reversePath: PathText;
  readonly ret?: "full" | "headers";
  readonly envid?: string;
  readonly body: "7bit" | "8bitmime";
  readonly smtpUtf8: boolean;
  readonly recipients: readonly ClientRecipient[];
  /** CRLF line ends, without transparency dots; the session adds them (RFC 5321 §4.5.2). */
  readonly content: Uint8Array;
  /** Longest content line allowed, without CRLF (RFC 5321 §4.5.3.1.6: 998); 0: no limit. */
  readonly contentLineMax: number;
}

export interface ClientRecipient {
  readonly path: PathText;
  readonly notify?: readonly ("never" | "success" | "failure" | "delay")[];
  readonly orcpt?: string;
}
