/** Where a message that a consumer hands out stands: the server says so in its reply subject. */
import { assert } from "#lib/assert";

export interface Delivered {
  /** In the stream. */
  readonly sequence: number;
  /** In what the consumer has handed out, from 1. */
  readonly delivery: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<tries>.<sequence>.<delivery>.<time>.<pending>`, or with domain and
 * account behind `ACK`, and perhaps more at the end.
 */
const longTokensMin = 11;

export function parseDelivered(reply: string): Delivered {
  const { tokens, at } = tokensOf(reply);
  const sequence = Number(tokens[at]);
  const delivery = Number(tokens[at + 1]);
  assert(
    Number.isSafeInteger(sequence) && Number.isSafeInteger(delivery) && sequence > 0,
    "a consumer's message says where it stands",
  );
  return { sequence, delivery };
}

/** How many more the consumer had to hand out when it handed this one out. */
export function parsePending(reply: string): number {
  const { tokens, at } = tokensOf(reply);
  const pending = Number(tokens[at + 3]);
  assert(Number.isSafeInteger(pending), "a consumer's message says how many come behind it");
  return pending;
}

export interface Handed {
  readonly sequence: number;
  /** How often it was handed out, this time included. */
  readonly tries: number;
  /** When the stream took it, by the server's clock. */
  readonly storedAt: number;
}

const nanosPerMs = 1e6;

/** Of a consumer with acknowledgements. */
export function parseHanded(reply: string): Handed {
  const { sequence } = parseDelivered(reply);
  const { tokens, at } = tokensOf(reply);
  const tries = Number(tokens[at - 1]);
  const storedAt = Math.floor(Number(tokens[at + 2]) / nanosPerMs);
  assert(
    Number.isSafeInteger(tries) && Number.isSafeInteger(storedAt),
    "it says when and how often",
  );
  return { sequence, tries, storedAt };
}

function tokensOf(reply: string) {
  const tokens = reply.split(".");
  return { tokens, at: tokens.length >= longTokensMin ? 7 : 5 };
}
