/** Reads `proto/schema.cql`: which tables there must be, with which columns. */

export interface WantedTable {
  readonly name: string;
  /** The statement that makes it where it is absent. */
  readonly statement: string;
  /** Type by name. */
  readonly columns: ReadonlyMap<string, string>;
  /** Names of the primary key in order, as in `((shard, bucket), uid)`. */
  readonly key: string;
}

/** The file keeps to one column on a line, and to what this understands: a test holds it to that. */
export function readSchema(text: string): readonly WantedTable[] {
  const statements = text.replace(/[ \t]*--.*$/gm, "").split(";");
  return statements
    .map((it) => it.trim())
    .filter((it) => it !== "")
    .map(readTable);
}

function readTable(statement: string): WantedTable {
  const [, name = "", body = ""] =
    /^CREATE TABLE IF NOT EXISTS (\w+) \(\n([\s\S]*?)\n\)/.exec(statement) ?? [];
  if (name === "") throw new Error(`Cannot read schema: "${statement.slice(0, 60)}"`);
  const columns = new Map<string, string>();
  let key = "";
  for (const line of body.split("\n")) {
    const [, first = "", rest = ""] = /^\s*(\w+) (.*?),?$/.exec(line) ?? [];
    if (first === "PRIMARY") key = rest.replace(/^KEY /, "");
    else columns.set(first, rest);
  }
  return { name, statement, columns, key };
}
