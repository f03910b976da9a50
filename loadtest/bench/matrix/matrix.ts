/** Each row in turn, and in each the contestants in turns. */
import type { Contestant } from "../contestants/contestant.ts";
import type { Matrix, MatrixPart } from "./matrix-report.ts";
import { matrixRows, quick, rowName, takesPart } from "./matrix-row.ts";
import { inTurns } from "./turns.ts";

export interface MatrixOptions {
  /** Undefined: not measured. */
  readonly matrix: "full" | "quick" | undefined;
  readonly runs: number;
  readonly told: (line: string) => void;
}

export async function matrix(
  taking: readonly Contestant[],
  { matrix: which, runs, told }: MatrixOptions,
): Promise<Matrix> {
  if (which === undefined) return [];
  const parts: MatrixPart[] = [];
  for (const row of which === "quick" ? matrixRows.map(quick) : matrixRows) {
    told(rowName(row));
    const those = taking.filter(({ name }) => takesPart(name, row));
    parts.push({ row, ...(await inTurns(those, { ...row, runs, told })) });
  }
  return parts;
}
