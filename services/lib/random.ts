/** Chance, as a thing that is passed in, so that a seed replays a run. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** Drawn for many calls at a time: asking the system takes longer than all else about a queue id. */
const drawnLength = 4_096;

/** The operating system's chance. */
export const systemRandom: Random = {
  next: () => unit(crypto.getRandomValues(new Uint32Array(2))),
  below: (n) => Math.floor(systemRandom.next() * n),
  bytes: drawnBytes(),
};

function drawnBytes(): (length: number) => Uint8Array {
  const drawn = new Uint8Array(drawnLength);
  let used = drawnLength;
  return (length) => {
    if (length > drawnLength) return crypto.getRandomValues(new Uint8Array(length));
    if (used + length > drawnLength) {
      crypto.getRandomValues(drawn);
      used = 0;
    }
    used += length;
    return drawn.slice(used - length, used);
  };
}

function unit(words: Uint32Array): number {
  return ((words[0] ?? 0) >>> 5) / 2 ** 27 + ((words[1] ?? 0) >>> 6) / 2 ** 53;
}

/** xoshiro128** from a 32-bit seed: the same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): Random {
  const state = splitMix(seed);
  const next = () => nextWord(state) / 2 ** 32;
  return {
    next,
    below: (n) => Math.floor(next() * n),
    bytes: (length) => Uint8Array.from({ length }, () => nextWord(state) & 0xff),
  };
}

type State = { a: number; b: number; c: number; d: number };

function splitMix(seed: number): State {
  let z = seed | 0;
  const word = () => {
    z = (z + 0x9e3779b9) | 0;
    let x = z ^ (z >>> 16);
    x = Math.imul(x, 0x21f0aaad);
    x ^= x >>> 15;
    x = Math.imul(x, 0x735a2d97);
    return x ^ (x >>> 15);
  };
  return { a: word(), b: word(), c: word(), d: word() };
}

function nextWord(s: State): number {
  const rotated = rotateLeft(Math.imul(s.b, 5), 7);
  const result = Math.imul(rotated, 9) >>> 0;
  const t = s.b << 9;
  s.c ^= s.a;
  s.d ^= s.b;
  s.b ^= s.c;
  s.a ^= s.d;
  s.c ^= t;
  s.d = rotateLeft(s.d, 11);
  return result;
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    // The two change places.
    result.splice(i, 1, ...result.splice(j, 1, ...result.slice(i, i + 1)));
  }
  return result;
}
