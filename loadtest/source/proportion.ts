/** Things by weight: `a.example=5,b.example`. */
import { InvalidArgumentError } from "commander";

export interface Weighted<T> {
  readonly item: T;
  /** A whole number; 1 unless it is said. */
  readonly weight: number;
}

/** The order in which they come is kept by its owner. */
const lengthMax = 10_000;

/** Of a command line, with commas between. */
export function weighted(text: string): readonly Weighted<string>[] {
  const all = text.split(",").filter((it) => it !== "");
  if (all.length === 0) throw new InvalidArgumentError("At least one is needed.");
  const items = all.map((one) => {
    const [, item = "", digits] = /^([^=]+)(?:=([0-9]{1,4}))?$/.exec(one) ?? [];
    const weight = digits === undefined ? 1 : Number(digits);
    if (item === "" || weight === 0) {
      throw new InvalidArgumentError(`"${one}" is none, with or without =weight.`);
    }
    return { item, weight };
  });
  if (total(items) > lengthMax) {
    throw new InvalidArgumentError(`The weights come to more than ${lengthMax}.`);
  }
  return items;
}

/**
 * The shortest sequence that has each so often as it weighs, spread evenly. Each time what is most
 * behind its share comes next.
 */
export function inProportion<T>(items: readonly Weighted<T>[]): readonly T[] {
  const divisor = items.reduce((divisor, { weight }) => commonDivisor(divisor, weight), 0);
  const shares = items.map(({ item, weight }) => ({ item, share: weight / divisor, lead: 0 }));
  const length = total(items) / divisor;
  const sequence: T[] = [];
  while (sequence.length < length) {
    for (const one of shares) one.lead += one.share;
    const next = shares.reduce((best, one) => (one.lead > best.lead ? one : best));
    next.lead -= length;
    sequence.push(next.item);
  }
  return sequence;
}

function total(items: readonly Weighted<unknown>[]): number {
  return items.reduce((sum, { weight }) => sum + weight, 0);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
