/** Where a limit stands, as `explain` shows it: plain data. */
import type { BoundLimit } from "#lib/limits/acquire";
import type { CountedLimit } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import type { Share } from "#lib/limits/share-table";
import type { Shard } from "#lib/queue/unit";
import type { Questions } from "./questions.ts";
import type { Shares } from "./shares.ts";
import type { WaitingLines } from "./waiting-lines.ts";

export interface LimitState {
  readonly limit: CountedLimit;
  /** With the subject for which it counts. */
  readonly key: string;
  /** Until one more may go; undefined: not before something else happens than time. */
  readonly nextInMs: number | undefined;
  /** Connections that are open here, or what of a rate is not paid for yet; of a shared rate unknown. */
  readonly taken: number | undefined;
  /** What those want that wait for it here. */
  readonly waiting: number;
  /** Of a limit that several workers share. */
  readonly shared?: {
    readonly home: Shard;
    /** `asked`: a question is on its way. */
    readonly standing: "valid" | "asked" | "none";
    /** What this worker may use now. */
    readonly share?: Share;
    /** Since when the home does not answer; absent: it does. */
    readonly homeSilentMs?: number;
  };
}

interface Seen {
  readonly lines: WaitingLines;
  readonly shares: Shares;
  readonly questions: Questions;
  readonly now: number;
}

export function stateOf(bound: BoundLimit, seen: Seen): LimitState {
  const { limit, key, counts } = bound;
  const { lines, shares, now } = seen;
  const at = counts.earliest(bound, 1, now);
  const common = {
    ...{ limit, key },
    nextInMs: at === Number.POSITIVE_INFINITY ? undefined : Math.max(0, at - now),
    waiting: lines.waiting(key).wanted,
  };
  if (counts instanceof LimitTable) return { ...common, taken: counts.taken(bound, now) };
  const taken = limit.kind === "connections" ? shares.table.open(key) : undefined;
  return { ...common, taken, shared: sharedOf(bound, seen) };
}

function sharedOf({ key }: BoundLimit, { shares, questions, now }: Seen) {
  const home = shares.homeOf(key);
  const share = shares.table.share(key, now);
  const silentMs = questions.silentMs(home);
  return {
    home,
    standing: shares.table.standing(key, now),
    ...(share === undefined ? undefined : { share }),
    ...(silentMs === undefined ? undefined : { homeSilentMs: silentMs }),
  };
}
