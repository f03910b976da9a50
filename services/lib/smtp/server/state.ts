/** What a server session knows: the session itself, and apart from it the running transaction. */

import type { MailParameters } from "../parameters.ts";
import type { ReversePath } from "../path.ts";
import type { Reply } from "../reply.ts";
import type { SaslExchange } from "../sasl.ts";
import type { AdmittedRecipient, ServerSettings, ServerStep } from "./step.ts";

/** From MAIL to the final dot; RSET and EHLO drop it as a whole (STYLE §14.6). */
export interface OpenTransaction {
  readonly reversePath: ReversePath;
  readonly parameters: MailParameters;
  readonly recipients: AdmittedRecipient[];
}

export type Question = Exclude<ServerStep, { kind: "reply" | "close" }>;

/** What verbs act on; `dialogue.ts` is its inhabitant. */
export interface SessionState {
  readonly settings: ServerSettings;
  /** Set by EHLO or HELO. */
  helo: { readonly name: string; readonly isExtended: boolean } | undefined;
  isTls: boolean;
  user: string | undefined;
  transaction: OpenTransaction | undefined;
  sasl: SaslExchange | undefined;
  /** Says something that is no error. */
  say(reply: Reply): void;
  /** Says what the client did wrong, and counts it. */
  refuse(reply: Reply): void;
  /** Waits for the driver's answer. */
  ask(question: Question): void;
  /** Reads mail data from here on. */
  readData(): void;
  /** Octets received behind the current command. */
  readonly pending: number;
  /** Says it and closes. */
  leave(reply: Reply): void;
}
