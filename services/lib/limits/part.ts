/** Who gets how much of what can be given to several (ADR 0013). */

/** One who asks, or has asked. */
export interface Party {
  /** What it has; nobody else can have it. */
  readonly claim: number;
  readonly want: number;
  /** Less than this is of no use to it. */
  readonly quantum: number;
  /** `Infinity`: it was given something. */
  readonly waitingSince: number;
}

/** Sums of fractions may miss a whole number by their last digits. */
const dust = 1e-9;
/** Of one: sums of these miss nothing. */
const fractions = 64;

/**
 * Everybody gets what it wants up to an equal part; what others leave goes to those who want more,
 * in proportion.
 */
export function fairPart(total: number, want: number, others: readonly number[]): number {
  const wants = [want, ...others].filter((each) => each > 0);
  if (want <= 0) return 0;
  const equal = total / wants.length;
  const left = total - sumOf(wants, (each) => Math.min(each, equal));
  const wantedMore = sumOf(wants, (each) => Math.max(0, each - equal));
  if (want <= equal) return want;
  return equal + Math.min(want - equal, (left * (want - equal)) / wantedMore);
}

/**
 * The same in whole ones, out of what nobody has. Where not everybody can have its quantum they
 * take turns: who had some yields to who waits.
 */
export function wholePart(total: number, own: Party, others: readonly Party[]): number {
  const max = Math.max(total, own.quantum);
  const room = roomFor(total, own, others);
  if (room === 0) return 0;
  const fair = fairOf(max, own, others);
  const kept = sumOf(others, (other) => {
    const rest = [own, ...others.filter((each) => each !== other)];
    return Math.max(other.claim, Math.floor(fairOf(max, other, rest) + dust));
  });
  // A fraction is rounded up as long as the others' whole parts are left.
  const whole = Math.floor(fair + dust);
  const part = Math.min(Math.ceil(fair - dust), Math.max(whole, max - kept));
  return Math.min(room, Math.max(own.quantum, part));
}

/**
 * The same of a burst, of which fractions are of use, too: what is above a quantum is how late a holder
 * may be without losing anything.
 */
export function burstPart(total: number, own: Party, others: readonly Party[]): number {
  const room = roomFor(total, own, others);
  if (room === 0) return 0;
  const whole = Math.max(total, own.quantum);
  const fair = Math.floor(fairOf(whole, own, others) * fractions) / fractions;
  return Math.min(room, Math.max(own.quantum, fair));
}

/** Who has waited longest, if there is room for it now: whoever came later yields to it. */
export function nextInTurn<P extends Party>(total: number, parties: readonly P[]): P | undefined {
  let next: P | undefined;
  for (const party of parties) {
    if (party.waitingSince < (next?.waitingSince ?? Number.POSITIVE_INFINITY)) next = party;
  }
  if (next === undefined) return undefined;
  const room = Math.max(total, next.quantum) - sumOf(parties, ({ claim }) => claim) + next.claim;
  return room >= next.quantum ? next : undefined;
}

/** What nobody has; 0 where that is less than a quantum, or is another's first. */
function roomFor(total: number, own: Party, others: readonly Party[]): number {
  const room = Math.max(total, own.quantum) - sumOf(others, ({ claim }) => claim);
  return own.want <= 0 || room < own.quantum || yieldsTo(others, total, own) ? 0 : room;
}

function yieldsTo(others: readonly Party[], total: number, own: Party): boolean {
  const claimed = sumOf(others, ({ claim }) => claim);
  return others.some((waiting) => {
    if (waiting.waitingSince >= own.waitingSince) return false;
    const room = Math.max(total, waiting.quantum) - (claimed - waiting.claim);
    return room - own.quantum < waiting.quantum;
  });
}

function fairOf(total: number, own: Party, others: readonly Party[]): number {
  return fairPart(
    total,
    own.want,
    others.map(({ want }) => want),
  );
}

export function sumOf<T>(items: Iterable<T>, amountOf: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += amountOf(item);
  return sum;
}
