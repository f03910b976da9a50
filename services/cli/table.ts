/** Columns for a terminal. */

/** Text in the last column may be long; it is cut, so that a row stays a line or two. */
const lastColumnMax = 100;
/** An address may have 254 characters; `queue show` has them all. */
const columnMax = 40;

/** Rows under a heading, columns as wide as their widest cell; the last one is not padded. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const last = heading.length - 1;
  const cut = (cell: string, i: number) => shortened(cell, i < last ? columnMax : lastColumnMax);
  const lines = [heading, ...rows.map((row) => row.map(printable).map(cut))];
  const widths = heading.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) => `${rowText(line, widths)}\n`).join("");
}

/** `name  value`, a line each; what has no value is left out. */
export function fields(pairs: readonly (readonly [string, string | undefined])[]): string {
  const given = pairs.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value = ""]) => `${name.padEnd(width)}  ${printable(value)}\n`).join("");
}

function rowText(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  const padded = cells.map((cell, i) => (i < last ? cell.padEnd(widths[i] ?? 0) : cell));
  return padded.join("  ").trimEnd();
}

function shortened(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
}

/** What moves the cursor, ends a line, or turns the direction of writing. */
const control = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** A remote server's words must not move the operator's cursor. */
export function printable(text: string): string {
  return text.replace(control, " ");
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join("\n");
}

/** For machines; a terminal that shows it is safe, too. */
export function jsonText(value: unknown): string {
  return `${jsonLine(JSON.stringify(value, undefined, 2))}\n`;
}

/**
 * What JSON itself leaves as it is, and a terminal might act on. Between its tokens there is nothing
 * of that kind.
 */
const unsafe = /[\u007f-\u009f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The same for text that is JSON already. */
export function jsonLine(json: string): string {
  return json.replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
