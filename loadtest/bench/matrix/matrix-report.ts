/** The matrix as tables: each row's contestants, and all ratios at a glance. */
import { table } from "../../../services/cli/table.ts";
import { rolesText } from "../cluster/roles-report.ts";
import { markdownTable, type Table } from "../tables/markdown.ts";
import { ratiosOf, spreadText } from "../tables/ratio.ts";
import { baseOf, type Facts, reference, throughputTable } from "../tables/throughput-table.ts";
import { type MatrixRow, rowName } from "./matrix-row.ts";
import type { Turns } from "./turns.ts";

const reasonMax = 200;

export interface MatrixPart extends Turns {
  readonly row: MatrixRow;
}

export type Matrix = readonly MatrixPart[];

export function matrixText(matrix: Matrix, facts: Facts): string {
  if (matrix.length === 0) return "";
  const parts = matrix.map((part) => {
    const { heading, rows } = throughputTable(part.throughput, facts);
    const roles = rolesText(part.throughput);
    return `${rowName(part.row)}\n${table(heading, rows)}${failuresText(part)}${roles}`;
  });
  const { heading, rows } = ratiosTable(matrix, facts);
  return [...parts, table(heading, rows)].join("\n");
}

export function matrixMarkdown(matrix: Matrix, facts: Facts): string {
  if (matrix.length === 0) return "";
  const parts = matrix.map((part) => {
    const failures = failuresText(part);
    const roles = [failures, rolesText(part.throughput)].join("");
    const fenced = roles === "" ? "" : `\n\`\`\`\n${roles}\`\`\`\n`;
    const rows = markdownTable(throughputTable(part.throughput, facts));
    return `## ${rowName(part.row)}\n\n${rows}${fenced}`;
  });
  return [...parts, `## Ratios\n\n${markdownTable(ratiosTable(matrix, facts))}`].join("\n");
}

/** How many times what the reference gets through, medians with their spread. */
export function ratiosTable(matrix: Matrix, facts: Facts): Table {
  const named = new Set(matrix.flatMap(({ throughput }) => Object.keys(throughput)));
  const names = [...named].filter(
    (name) => name !== reference && facts[name]?.durability === "synced",
  );
  const rows = matrix.map(({ row, throughput }) => [
    rowName(row),
    ...names.map((name) => {
      const rate = (it: { readonly throughPerSecond: number }) => it.throughPerSecond;
      const base = baseOf(throughput, facts, name).map(rate);
      return spreadText(ratiosOf((throughput[name] ?? []).map(rate), base), 2);
    }),
  ]);
  return { heading: [`through/s, × ${reference}`, ...names], rows };
}

export function failuresText({ failures }: Pick<Turns, "failures">): string {
  return Object.entries(failures)
    .map(([name, reason]) => `${name} did not come to the end: ${shortened(reason)}\n`)
    .join("");
}

/** The figures as JSON have all of it. */
function shortened(reason: string): string {
  const [line = ""] = reason.split("\n", 1);
  return line.length > reasonMax ? `${line.slice(0, reasonMax)}…` : line;
}
