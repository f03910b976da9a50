/** What a worker asks for of a shared limit that it uses or waits for, and when (ADR 0013 §3, §5). */
import type { BoundLimit } from "#lib/limits/acquire";
import type { ShareTable } from "#lib/limits/share-table";
import type { Waiting } from "./waiting-lines.ts";

/** Since its last question. */
export interface InUse {
  bound: BoundLimit;
  spent: number;
  /** Connections that were open at once. */
  peak: number;
  /** The most that one decision wanted. */
  largest: number;
  /** What was refused, and needs it, too. */
  wished: number;
  /** The home says that its turn has come. */
  isTold: boolean;
  /** When something of it went, or was to go. */
  usedAt: number;
  /** The home says that others want connections. */
  isWantedElsewhere: boolean;
  askedAt: number;
  askedFor: number;
  askedLargest: number;
}

export interface InUseNow {
  readonly now: number;
  readonly waiting: Waiting;
  readonly open: number;
}

export interface Standing extends InUseNow {
  readonly standing: ReturnType<ShareTable["standing"]>;
  /** Connections that the home counts here and others could have. */
  readonly toTell: number;
  /** Connections that might be opened; below 0: so many are open beyond the share. */
  readonly room: number;
}

/** A share is renewed well before it lapses. */
export const renewAfterMs = 2_500;
/** Who has none asks again: the answer may be lost, or it may be its turn. */
export const askAgainAfterMs = 500;

/** What was of use within it will be again. */
export const idleAfterMs = 1_000;

export function newInUse(bound: BoundLimit): InUse {
  const never = Number.NEGATIVE_INFINITY;
  return {
    bound,
    ...{ spent: 0, peak: 0, largest: 0, wished: 0, usedAt: never },
    ...{ isTold: false, isWantedElsewhere: false },
    ...{ askedAt: never, askedFor: 0, askedLargest: 0 },
  };
}

export function isWorthAsking(inUse: InUse, now: Standing): boolean {
  const sinceMs = now.now - inUse.askedAt;
  const isAskingAgain = sinceMs >= askAgainAfterMs;
  // Of several that end one after the other it is told once, when the last one has, or now and then.
  if (now.standing !== "asked" && now.toTell > 0 && (now.room >= 0 || isAskingAgain)) return true;
  const { wanted: waits } = now.waiting;
  const isNeeded = waits > 0 || now.open > 0 || inUse.spent > 0 || inUse.wished > 0;
  switch (now.standing) {
    case "asked":
      return isNeeded && isAskingAgain;
    case "none":
      return isNeeded && (inUse.isTold || isAskingAgain);
    case "valid":
      if (inUse.isWantedElsewhere && waits === 0 && now.room > 0) return true;
      if (sinceMs >= renewAfterMs || (inUse.isTold && waits > 0)) return true;
      return waits > 0 && isAskingAgain && wantsMore(inUse, now);
  }
}

/** 0: nothing any more, and what is left is given back. */
export function wantedOf(
  inUse: InUse,
  { now, waiting, open }: InUseNow,
): { readonly wanted: number; readonly largest: number } {
  const largest = Math.max(1, waiting.largest, inUse.largest);
  if (inUse.bound.limit.kind === "connections") {
    const used = Math.max(open, inUse.peak);
    return { wanted: Math.ceil(used + Math.max(waiting.wanted, inUse.wished)), largest };
  }
  const perSecond = inUse.spent / Math.max(1, (now - inUse.askedAt) / 1_000);
  // Where somebody waits there is more behind it: what goes is all that the share lets go.
  const used = waiting.wanted > 0 ? 2 * perSecond : perSecond;
  return { wanted: Math.max(waiting.wanted + used, inUse.wished), largest };
}

/** A larger share would help now, not only in two seconds. */
function wantsMore(inUse: InUse, now: InUseNow): boolean {
  const { wanted, largest } = wantedOf(inUse, now);
  return wanted >= 2 * inUse.askedFor || largest > inUse.askedLargest;
}
