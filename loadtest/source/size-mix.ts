/** How large messages are, as others have counted. */
import { seededRandom } from "#lib/random";

export const mixNames = ["mailbox", "office"] as const;
export type MixName = (typeof mixNames)[number];

interface Share {
  readonly sizeBytes: number;
  /** Of all messages. */
  readonly share: number;
}

/**
 * A prime, so that a size does not always meet the same domain or body, and enough for one in 200.
 */
const length = 1_009;

/**
 * The mail of a server's users: how many messages are smaller than 2 KiB, 4 KiB … 4 MiB, from a
 * count on the freebsd-net list of October 2002, tabulated by J. Buchner, "Modelling realistic email
 * traffic: email size distribution", 2009.
 */
const mailboxBelow = [
  0.2353, 0.4917, 0.676, 0.7958, 0.8536, 0.9047, 0.933, 0.9574, 0.9724, 0.9849, 0.9996, 1,
];
const mailboxFirstBytes = 2_048;
/** Header sections alone are seldom less. */
const mailboxLeastBytes = 900;

/** The profile that HCL Domino's Server.Load sends (its command "SendMessage profile"). */
const office: readonly Share[] = [
  { sizeBytes: 500, share: 0.1 },
  { sizeBytes: 10_000, share: 0.3 },
  { sizeBytes: 50_000, share: 0.4 },
  { sizeBytes: 100_000, share: 0.1 },
  { sizeBytes: 150_000, share: 0.095 },
  { sizeBytes: 10_001_000, share: 0.005 },
];

/** Sizes in turn: each as often as its share, in an order that is always the same. */
export function sizesOf(name: MixName): readonly number[] {
  const shares = name === "office" ? office : mailbox();
  const sizes: number[] = [];
  let until = 0;
  for (const { sizeBytes, share } of shares) {
    until += share;
    while (sizes.length < Math.round(until * length)) sizes.push(sizeBytes);
  }
  return shuffled(sizes);
}

/** Each range by the geometric mean of its ends. */
function mailbox(): readonly Share[] {
  let below = 0;
  return mailboxBelow.map((until, i) => {
    const most = mailboxFirstBytes * 2 ** i;
    const least = i === 0 ? mailboxLeastBytes : most / 2;
    const share = until - below;
    below = until;
    return { sizeBytes: Math.round(Math.sqrt(least * most)), share };
  });
}

function shuffled(sizes: readonly number[]): readonly number[] {
  const random = seededRandom(length);
  const keyed = sizes.map((size) => ({ size, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ size }) => size);
}
