/** The things that are queued: a message, cut into one unit for each destination domain. */
import type { PathText } from "#lib/smtp/path";

/**
 * A ULID: 26 characters of Crockford's base 32. The queue id of the 250 reply and of `Received`.
 */
export type QueueId = string & { readonly __brand: "QueueId" };
/** `<queue id>.<n>`: the identity of a unit. Never derived from Message-ID (JAMES-2794). */
export type Uid = string & { readonly __brand: "Uid" };
/** What a unit is queued for: a lower-case A-label domain, or an address literal in brackets. */
export type Destination = string & { readonly __brand: "Destination" };
export type Shard = number & { readonly __brand: "Shard" };
/** Milliseconds since the epoch. */
export type Time = number;

/** One forward-path with its DSN parameters (RFC 3461 §4). */
export interface Recipient {
  /** The mailbox as it stands between `<` and `>`. */
  readonly path: PathText;
  readonly notify?: readonly Notify[];
  /** `type;xtext` exactly as received (RFC 3461 §4.2). */
  readonly orcpt?: string;
}

export type Notify = "never" | "success" | "failure" | "delay";

/** Reverse-path and parameters of MAIL; what all units of a message share. */
export interface Envelope {
  /** Empty for the null reverse-path `<>`. */
  readonly reversePath: PathText;
  readonly ret?: "full" | "headers";
  /** xtext, exactly as received (RFC 3461 §4.4). */
  readonly envid?: string;
  readonly body: "7bit" | "8bitmime";
  readonly smtpUtf8: boolean;
}

/** Bulk, or high priority, which overtakes it. */
export type Lane = "n" | "h";

export interface Unit {
  readonly uid: Uid;
  readonly destination: Destination;
  readonly envelope: Envelope;
  readonly recipients: readonly Recipient[];
  readonly lane: Lane;
  readonly acceptedAt: Time;
  /** Its sender does not want it tried before this time (ADR 0026). */
  readonly notBefore?: Time;
  /** Given up at this time in whatever state it is (STYLE §14.16). */
  readonly expiresAt: Time;
  readonly sizeBytes: number;
  /** Who submitted it, where that is known. */
  readonly tenant?: string;
  /** What it is part of; the submitter's word (`message/control-fields`). */
  readonly campaign?: string;
  /** The egress pool that the submitter asked for. */
  readonly pool?: string;
  /** W3C `traceparent` of its reception, when the message is traced. */
  readonly trace?: string;
  /** Notifications of ours; their failure ends quietly. */
  readonly isNotification: boolean;
  /** Fields that a newer version wrote; kept and written back. */
  readonly unknown?: Readonly<Record<string, unknown>>;
}

/** What `Intake` takes: all units of one message and its content, accepted or refused as one. */
export interface Message {
  readonly id: QueueId;
  readonly units: readonly Unit[];
  /** Header section and body with trace field, CRLF line ends, without transparency dots. */
  readonly content: Uint8Array;
  /** A repeat under this id is expected (notifications): remember it for a day. */
  readonly isRepeatable: boolean;
}

/** The message a unit belongs to. */
export function queueIdOf(uid: Uid): QueueId {
  return uid.slice(0, uid.indexOf(".")) as QueueId;
}

export function uidOf(id: QueueId, n: number): Uid {
  return `${id}.${n}` as Uid;
}
