/** Mailboxes and paths (RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3). */

/** A mailbox as it stands between `<` and `>`, checked; empty for the null reverse-path. Only the parser here makes one. */
export type PathText = string & { readonly __brand: "PathText" };

/** Lower-case A-labels, no trailing dot. */
export type Domain = string & { readonly __brand: "Domain" };

/** As written in brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export type AddressLiteral = string & { readonly __brand: "AddressLiteral" };

export type Mailbox = {
  /** Unquoted and with its case: `Joe`, `joe smith`. */
  readonly localPart: string;
  /** As it goes over the wire again: original local part (quoted where it must be) and domain. */
  readonly text: PathText;
} & ({ readonly domain: Domain } | { readonly addressLiteral: AddressLiteral });

/** `null` is the null reverse-path `<>`. */
export type ReversePath = Mailbox | null;

/** RCPT TO:<Postmaster> has no domain (RFC 5321 §4.1.1.3). */
export type ForwardPath = Mailbox | { readonly postmaster: string };
