/** What a client has said of a message, and what of its content is here. */
import type { Asked } from "./faults.ts";
import type { IncomingContent } from "./incoming-content.ts";
import type { SunkMessage, SunkRecipient } from "./tally.ts";

export interface Recipient extends SunkRecipient {
  readonly asked: readonly Asked[];
}

export class Transaction {
  readonly reversePath: string;
  readonly parameters: string;
  readonly recipients: Recipient[] = [];
  /** What has come in chunks. */
  chunks: IncomingContent | undefined;

  constructor(reversePath: string, parameters: string) {
    this.reversePath = reversePath;
    this.parameters = parameters;
  }
}

/** A chunk that is coming (RFC 3030). */
export interface Chunk {
  /** Octets. */
  left: number;
  readonly isLast: boolean;
  /** Of a transaction that can take it; undefined: it is thrown away. */
  readonly content: IncomingContent | undefined;
}

interface Arrived {
  readonly taken: readonly Recipient[];
  readonly content: IncomingContent;
  readonly isTls: boolean;
}

export function sunkMessage(
  { reversePath, parameters: mailParameters }: Transaction,
  { taken, content, isTls }: Arrived,
): SunkMessage {
  return {
    reversePath,
    mailParameters,
    recipients: taken,
    content: content.whole(),
    id: content.id,
    sizeBytes: content.size,
    isTls,
  };
}
