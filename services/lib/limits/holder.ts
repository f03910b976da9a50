/** A holder of a share, as its home knows it, and as it is handed over to the next home (ADR 0013). */
import type { Party } from "./part.ts";

export interface Holder extends Party {
  readonly name: string;
  /** Of its last question. */
  readonly number: number;
  /** Of a rate; 0 of connections. */
  readonly perMs: number;
  /** Then its share lapses, and it wants nothing. */
  readonly lapsesAt: number;
}

/** In times that mean the same on another machine. */
export interface HandedHolder
  extends Pick<Holder, "name" | "number" | "perMs" | "claim" | "want" | "quantum"> {
  readonly lapsesInMs: number;
  readonly waitedMs: number | undefined;
}

export function handedOver(holder: Holder, now: number): HandedHolder {
  const { lapsesAt, waitingSince, ...rest } = holder;
  const waitedMs = waitingSince === Number.POSITIVE_INFINITY ? undefined : now - waitingSince;
  return { ...rest, lapsesInMs: lapsesAt - now, waitedMs };
}

/** The time on the way counts as none: its share ends earlier than is believed here. */
export function takenOver(handed: HandedHolder, now: number): Holder {
  const { lapsesInMs, waitedMs, ...rest } = handed;
  const waitingSince = waitedMs === undefined ? Number.POSITIVE_INFINITY : now - waitedMs;
  return { ...rest, lapsesAt: now + lapsesInMs, waitingSince };
}
