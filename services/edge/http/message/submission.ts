/** A submission, from whichever form of request: who gets what. */
import type { ControlFields } from "#lib/message/control-fields";
import type { Mailbox, ReversePath } from "#lib/smtp/path";
import type { Substitutions } from "../description/request-schema.ts";
import type { Letter } from "./letter.ts";

export interface WantedRecipient {
  /** As written. */
  readonly address: string;
  /** Undefined: it is none. */
  readonly mailbox: Mailbox | undefined;
  readonly name?: string;
  readonly substitutions?: Substitutions;
}

export interface Submission {
  readonly reversePath: ReversePath;
  /** What it says about itself. */
  readonly labels?: ControlFields;
  /** Milliseconds since the epoch (ADR 0026). */
  readonly notBefore?: number;
  readonly recipients: readonly WantedRecipient[];
  readonly content: SubmittedContent;
}

export type SubmittedContent =
  /** A whole message, for all. */
  | { readonly kind: "raw"; readonly bytes: Uint8Array }
  /** One message, whose To and Cc are in the letter. */
  | ({ readonly kind: "shared" } & Wanted)
  /** One message each, with its recipient in To. */
  | ({ readonly kind: "each" } & Wanted);

export interface Wanted {
  readonly letter: Letter;
  /** Of all; without any here or of a recipient the letter is no template. */
  readonly substitutions?: Substitutions;
}
