/** What came of trying one recipient. */
import type { Reply } from "#lib/smtp/reply";
import type { Status } from "#lib/smtp/status";

/** How far a failure reaches; it decides what is retried, throttled and reported. */
export type Scope = "recipient" | "transaction" | "host" | "destination";

export type Outcome = Delivered | Transient | Permanent;

export interface Delivered {
  readonly kind: "delivered";
  readonly reply: Reply;
  /** The next hop offers DSN, so it owns the success notification (RFC 3461 §5.2.2). */
  readonly dsnRelayed: boolean;
}

export interface Transient {
  readonly kind: "transient";
  readonly scope: Scope;
  readonly status: Status<4>;
  /** Our words when no reply explains it: "connection refused", "DNS timeout". */
  readonly reason: string;
  readonly reply?: Reply;
}

export interface Permanent {
  readonly kind: "permanent";
  readonly scope: Scope;
  readonly status: Status<5>;
  readonly reason: string;
  readonly reply?: Reply;
  /** It was not tried: nothing is sent to this recipient (ADR 0016). */
  readonly isSuppressed?: true;
}
