/**
 * What holders of a shared limit and its home say to each other (ADR 0013). To ask is to give
 * back: whoever asks has stopped using the share it had.
 */

/** For so long a share may be used, counted from before the question. */
export const shareValidMs = 5_000;
/** For so long the home counts it, from after the question: clocks need not run alike to 2 %. */
export const shareCountedMs = 5_100;

interface Ask {
  /** A worker's incarnation. */
  readonly holder: string;
  /** Rises with each question of a holder: what comes late or twice changes nothing. */
  readonly number: number;
  /** What it could use within about a second; 0: nothing any more. */
  readonly wanted: number;
}

export interface RateAsk extends Ask {
  /** The most that a single decision costs; 1 for messages. */
  readonly largest: number;
  /** What might still have gone at once under the share that is given back. */
  readonly unspent: number;
}

export interface ConnectionAsk extends Ask {
  readonly open: number;
}

export type RateAnswer =
  | Silence
  | {
      readonly kind: "share";
      readonly number: number;
      /** 0: none this time. */
      readonly perMs: number;
      readonly burst: number;
      readonly tokens: number;
    };

export type ConnectionAnswer =
  | Silence
  | {
      readonly kind: "share";
      readonly number: number;
      /** May be less than what is open: sessions above it end after their transaction. */
      readonly max: number;
    };

/** The home is new: shares that others granted go on until they lapse. */
interface Silence {
  readonly kind: "silent";
  readonly number: number;
  readonly forMs: number;
}
