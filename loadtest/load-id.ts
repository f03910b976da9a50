/** Which message of which run: `X-Load-Id: <run>-<n>`, the first field that the source writes. */

export interface LoadId {
  readonly run: string;
  readonly n: number;
}

export const fieldStart = "X-Load-Id: ";
/** As a composer of messages writes that name. */
const composedStart = "X-Load-ID: ";

/** Keeps a ledger, which is an array by `n`, within memory. */
export const loadIdMax = 100_000_000;

const runMax = 32;
const digitsMax = 9;
const runPattern = /^[0-9a-z]{1,32}$/;
const [lineFeed, carriageReturn, hyphen, zero, nine, letterA, letterZ] = [
  10, 13, 45, 48, 57, 97, 122,
];
const [field, composedField] = [Buffer.from(fieldStart), Buffer.from(composedStart)];
const headerEnd = Buffer.from("\r\n\r\n");

/** Nearly always a message is of the same run as the one before. */
let lastRun = "";

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
  const at = startOf(field, content);
  return at < 0 ? startOf(composedField, content) : at;
}

function startOf(start: Buffer, content: Buffer): number {
  const at = content.indexOf(start);
  if (at <= 0) return at;
  if (content[at - 1] !== lineFeed) return -1;
  return content.subarray(0, at).indexOf(headerEnd) >= 0 ? -1 : at;
}

/** The id in a header section. Undefined: there is none, or not all of it has come. */
export function loadIdIn(content: Buffer): LoadId | undefined {
  const fieldAt = loadIdAt(content);
  if (fieldAt < 0) return undefined;
  const runAt = fieldAt + field.length;
  let at = runAt;
  while (isOfRun(content[at] ?? 0)) at++;
  const run = runBetween(content, runAt, at);
  if (run === undefined || content[at] !== hyphen) return undefined;
  const digitsAt = ++at;
  let n = 0;
  for (let digit = digitAt(content, at); digit >= 0; digit = digitAt(content, ++at)) {
    n = n * 10 + digit;
  }
  const isWhole = content[at] === carriageReturn && content[at + 1] === lineFeed;
  const isId = at > digitsAt && at - digitsAt <= digitsMax && n < loadIdMax;
  return isWhole && isId ? { run, n } : undefined;
}

function isOfRun(octet: number): boolean {
  return (octet >= zero && octet <= nine) || (octet >= letterA && octet <= letterZ);
}

function digitAt(content: Buffer, at: number): number {
  const octet = content[at] ?? 0;
  return octet >= zero && octet <= nine ? octet - zero : -1;
}

function runBetween(content: Buffer, from: number, to: number): string | undefined {
  const length = to - from;
  if (length === 0 || length > runMax) return undefined;
  let same = 0;
  if (length === lastRun.length) {
    while (same < length && content[from + same] === lastRun.charCodeAt(same)) same++;
  }
  if (same < length) lastRun = content.toString("latin1", from, to);
  return lastRun;
}
