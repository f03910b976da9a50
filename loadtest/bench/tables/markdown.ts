/** Tables for a document. */

export interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function markdownTable({ heading, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |\n`;
  const rule = `|${heading.map(() => "---|").join("")}\n`;
  return line(heading) + rule + rows.map(line).join("");
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
