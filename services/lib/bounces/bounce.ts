/** A recipient that mail could not be delivered to, for good. */
import type { Destination, Recipient, Time, Uid } from "#lib/queue/unit";
import type { Status } from "#lib/smtp/status";
import type { BounceClass } from "./bounce-class.ts";

export const bounceKinds = ["failed", "expired", "suppressed"] as const;

/** `failed`: refused for good. `expired`: its lifetime ended. `suppressed`: nobody was asked. */
export type BounceKind = (typeof bounceKinds)[number];

/** One for each uid, recipient and kind, however often it is recorded: the first stays. */
export interface Bounce {
  readonly uid: Uid;
  readonly kind: BounceKind;
  readonly at: Time;
  readonly recipient: Recipient;
  readonly reversePath: string;
  readonly destination: Destination;
  readonly tenant?: string;
  readonly campaign?: string;
  /** The egress source that it was tried from last. */
  readonly source?: string;
  readonly class: BounceClass;
  /** What the class was told by: a rule's name, `status 5.1.1`, `code 552`, `kind`, or `none`. */
  readonly rule: string;
  readonly status: Status;
  readonly code?: number;
  /** One line without control characters, of at most `bounceTextMax` characters. */
  readonly text: string;
  readonly remote?: string;
  /** Attempts made so far. */
  readonly attempt: number;
}
