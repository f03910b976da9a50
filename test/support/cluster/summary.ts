/** The accounts of all scenarios as a table. */
import type { Account } from "./scenario.ts";

const counted = ["accepted", "arrived", "copies", "notified", "queued", "longest", "s", ""];

/** `first` heads the column of names. */
export function summaryText(accounts: readonly Account[], first = "fault"): string {
  const heads = [first, ...counted];
  const rows = [heads, ...accounts.map(row)];
  const widths = heads.map((_, column) => Math.max(...rows.map((it) => it[column]?.length ?? 0)));
  const lines = rows.map((cells) => cells.map((cell, i) => padded(cell, i, widths)).join("  "));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function row(account: Account): string[] {
  return [
    account.name,
    String(account.accepted),
    String(account.arrived),
    `+${account.extraCopies}`,
    String(account.notified),
    account.queued === undefined ? "?" : String(account.queued),
    `${(account.transitMs / 1_000).toFixed(1)} s`,
    String(account.seconds),
    account.faults.length === 0 ? "good" : `BAD: ${account.faults.join("; ")}`,
  ];
}

/** Words to the left, numbers to the right. */
function padded(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 0 || column === counted.length ? cell.padEnd(width) : cell.padStart(width);
}
