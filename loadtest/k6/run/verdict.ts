/** What a run has promised against what came of it. */
import { balance, type Ledger } from "../../ledger.ts";
import type { K6Result } from "./k6-process.ts";

interface Arrived {
  readonly ledger: Ledger;
  /** Messages that are not as they were made; 0 where nobody looked. */
  readonly damaged: number;
}

export interface Verdict {
  readonly text: string;
  readonly isGood: boolean;
}

/** Without `arrived` the accounts alone: whether each 202 is in them. */
export function verdictOf(
  result: Pick<K6Result, "promised" | "counted">,
  arrived?: Arrived,
): Verdict {
  const { promised, counted } = result;
  // A run that is broken off may have written a line that it could not count any more.
  const isComplete = promised.total >= counted;
  const lines = [
    `promised with a 202  ${promised.distinct} messages, ${promised.total} copies`,
    ...(isComplete ? [] : [`not in the accounts  ${counted - promised.total} copies`]),
  ];
  if (arrived === undefined) return { text: joined(lines), isGood: isComplete };
  const { lost, extraCopies, unanswered } = balance(promised, arrived.ledger);
  lines.push(
    `arrived              ${arrived.ledger.distinct} messages, ${arrived.ledger.total} copies`,
    `lost                 ${lost.length}`,
    `copies too many      ${extraCopies}`,
    `arrived without 202  ${unanswered}`,
    `damaged              ${arrived.damaged}`,
  );
  const isKept = lost.length === 0 && extraCopies === 0 && arrived.damaged === 0;
  return { text: joined(lines), isGood: isComplete && isKept };
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
