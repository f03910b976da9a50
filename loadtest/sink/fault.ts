/**
 * What a sink does wrong when it is asked to, in words that are also local parts:
 * `550-at-rcpt`, `451-at-end-of-data`, `drop-after-dot`, `slow-300s`, `421-at-mail`, `greylist`, `half-a-reply`.
 *
 *     <misdeed>[-at-<stage>][-once | -<n>-times][-1-in-<n>]
 */

/**
 * Where a reply is due. `content`: the first octets after the 354 have come, and no reply is due
 * yet.
 */
export const stages = [
  "connect",
  "ehlo",
  "starttls",
  "auth",
  "mail",
  "rcpt",
  "data",
  "content",
  "end-of-data",
  "rset",
  "noop",
  "vrfy",
  "quit",
] as const;

export type Stage = (typeof stages)[number];

export type Misdeed =
  /** That reply instead of the right one; 421 closes, too. */
  | { readonly kind: "reply"; readonly code: number; readonly text?: string }
  /** The right reply, later; what came meanwhile waits. At `content`: stops reading. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Closes without a reply. */
  | { readonly kind: "drop" }
  /** The right reply, then closes. */
  | { readonly kind: "leave" }
  /** Half of the right reply, then closes. */
  | { readonly kind: "half-a-reply" }
  /** The right reply, octet by octet. */
  | { readonly kind: "byte-by-byte" }
  /** No reply, ever. */
  | { readonly kind: "silence" }
  /** Octets that are no reply. */
  | { readonly kind: "garbage" };

export interface Fault {
  readonly stage: Stage;
  readonly misdeed: Misdeed;
  /** How often, for a forward-path or the whole sink. */
  readonly timesMax: number;
  /** It happens once in so many cases. */
  readonly oneIn: number;
}

/**
 * What has no stage of its own happens where it does most harm: the content is here, the 250 is
 * due.
 */
const stageByDefault: Stage = "end-of-data";

const always = { timesMax: Number.POSITIVE_INFINITY, oneIn: 1 } as const;

const greylisting = "4.7.1 Greylisted, try again later";

const named: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["drop-after-dot", { ...always, stage: "end-of-data", misdeed: { kind: "drop" } }],
  [
    "greylist",
    {
      ...always,
      stage: "rcpt",
      misdeed: { kind: "reply", code: 451, text: greylisting },
      timesMax: 1,
    },
  ],
]);

const grammar = new RegExp(
  `^(?<misdeed>[0-9a-z-]+?)(?:-at-(?<stage>${stages.join("|")}))?` +
    "(?:-(?<once>once)|-(?<times>[0-9]{1,9})-times)?(?:-1-in-(?<oneIn>[0-9]{1,9}))?$",
);

/** Undefined for a word that asks for nothing: an ordinary local part. */
export function parseFault(word: string): Fault | undefined {
  const alias = named.get(word);
  if (alias !== undefined) return alias;
  const parts = grammar.exec(word)?.groups;
  const misdeed = parseMisdeed(parts?.misdeed ?? "");
  const stage = stages.find((it) => it === (parts?.stage ?? stageByDefault));
  if (misdeed === undefined || stage === undefined) return undefined;
  const times = Number(parts?.times ?? Number.POSITIVE_INFINITY);
  return {
    stage,
    misdeed,
    timesMax: parts?.once === undefined ? times : 1,
    oneIn: Math.max(1, Number(parts?.oneIn ?? 1)),
  };
}

function parseMisdeed(word: string): Misdeed | undefined {
  switch (word) {
    case "drop":
    case "leave":
    case "half-a-reply":
    case "byte-by-byte":
    case "silence":
    case "garbage":
      return { kind: word };
    default:
      return parseSlow(word) ?? parseReply(word);
  }
}

function parseSlow(word: string): Misdeed | undefined {
  const [, digits, unit] = /^slow-([0-9]{1,6})(s|ms)$/.exec(word) ?? [];
  if (digits === undefined) return undefined;
  return { kind: "slow", delayMs: Number(digits) * (unit === "s" ? 1_000 : 1) };
}

/** RFC 5321 §4.2.1: the first digit is 2 to 5. */
function parseReply(word: string): Misdeed | undefined {
  return /^[2-5][0-5][0-9]$/.test(word) ? { kind: "reply", code: Number(word) } : undefined;
}

/** `<class>.<subject>.<detail> words` behind a code that the sink was asked for. */
export function textFor(code: number, stage: Stage): string {
  if (code === 421) return "4.3.2 Closing, as you asked";
  const subject = stage === "rcpt" ? "1.1" : stage === "auth" ? "7.8" : "3.0";
  return `${Math.floor(code / 100)}.${subject} As you asked`;
}
