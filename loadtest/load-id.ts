/** Which message of which run: `X-Load-Id: <run>-<n>`, the first field that the source writes. */

export interface LoadId {
  readonly run: string;
  readonly n: number;
}

export const fieldStart = "X-Load-Id: ";

/** Keeps a ledger, which is an array by `n`, within memory. */
export const loadIdMax = 100_000_000;

const runPattern = /^[0-9a-z]{1,32}$/;
const lineFeed = 10;
const fieldMax = 80;

export function loadIdText({ run, n }: LoadId): string {
  return `${run}-${n}`;
}

export function parseLoadId(text: string): LoadId | undefined {
  const dash = text.lastIndexOf("-");
  const run = text.slice(0, Math.max(0, dash));
  const digits = text.slice(dash + 1);
  if (!runPattern.test(run) || !/^[0-9]{1,9}$/.test(digits)) return undefined;
  const n = Number(digits);
  return n < loadIdMax ? { run, n } : undefined;
}

export function isRunName(text: string): boolean {
  return runPattern.test(text);
}

/**
 * Where the field begins in a header section; -1: not here. A field of the body is somebody else's.
 */
export function loadIdAt(content: Buffer): number {
  const at = content.indexOf(fieldStart, 0, "latin1");
  if (at < 0 || (at > 0 && content[at - 1] !== lineFeed)) return -1;
  const end = content.indexOf("\r\n\r\n", 0, "latin1");
  return end >= 0 && end < at ? -1 : at;
}

/** The id in a header section. Undefined: there is none, or not all of it has come. */
export function loadIdIn(content: Buffer): LoadId | undefined {
  const at = loadIdAt(content);
  if (at < 0) return undefined;
  const from = at + fieldStart.length;
  const field = content.toString("latin1", from, from + fieldMax);
  const end = field.indexOf("\r\n");
  return end < 0 ? undefined : parseLoadId(field.slice(0, end));
}
