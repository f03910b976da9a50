/**
 * What the sink does meanwhile, in the words of `sink/fault.ts`: a little of all that happens. It never
 * closes between a 250 and the next 354: what the client has sent behind its final dot is unread then,
 * so that the connection is reset, and the 250 may be lost with it.
 */

export const soakFaults = [
  "451-at-rcpt-1-in-50",
  "451-at-end-of-data-1-in-200",
  "421-at-end-of-data-1-in-1000",
  "drop-at-content-1-in-1000",
  "drop-at-end-of-data-1-in-2000",
  "slow-200ms-at-rcpt-1-in-200",
] as const;

/**
 * As the sink counts it: the content has come, the reply has not. The message is sent again, as it
 * must be.
 */
export const repeating = "drop at end-of-data";
