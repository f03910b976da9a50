/** Comma-separated values: cells in quotes may hold commas, line ends and doubled quotes. */
import { assert } from "#lib/assert";

export interface CsvRow {
  /** Of the text, from 1: where the row begins. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A cell in quotes, or (quotes that are wrong included) up to the next comma or line end. */
const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|\r|$)/y;

/** Rows that are not empty. */
export function* csvRows(text: string): Generator<CsvRow> {
  let line = 1;
  let rowLine = 1;
  let cells: string[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  while (at < text.length) {
    cell.lastIndex = at;
    const found = cell.exec(text);
    assert(found !== null, "every text begins with a cell, if only an empty one");
    const [all, quoted, plain = "", end = ""] = found;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    at += all.length;
    line += all.split("\n").length - 1;
    if (end === "," && at < text.length) continue;
    if (cells.some((it) => it !== "")) yield { line: rowLine, cells };
    cells = [];
    rowLine = line;
  }
}

export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quotedIfNeeded).join(",")}\n`;
}

function quotedIfNeeded(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
