/** Parameters of MAIL and RCPT, as the extensions define them. */

export interface MailParameters {
  /** SIZE= (RFC 1870). */
  readonly size?: number;
  /** BODY= (RFC 6152). */
  readonly body: "7bit" | "8bitmime";
  /** SMTPUTF8 (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** RET= (RFC 3461 §4.3). */
  readonly ret?: "full" | "headers";
  /** ENVID=, xtext as received (RFC 3461 §4.4). */
  readonly envid?: string;
  /** AUTH= (RFC 4954 §5), xtext as received; not passed on. */
  readonly auth?: string;
}

export interface RecipientParameters {
  /** NOTIFY= (RFC 3461 §4.1). */
  readonly notify?: readonly ("never" | "success" | "failure" | "delay")[];
  /** ORCPT=, as received (RFC 3461 §4.2). */
  readonly orcpt?: string;
}
