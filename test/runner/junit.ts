/** Reads the report that `bun test --reporter=junit` writes: the only source of the final count. */

export interface TestCase {
  /** Folders, file and blocks it stands in, and its own name. */
  readonly name: string;
  readonly result: CaseResult;
}

export type CaseResult =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "skipped"; readonly reason: string };

const passed: CaseResult = { kind: "passed" };
/** An element that opens, closes, or both; its attributes are quoted, so no `>` in them ends it. */
const tag = /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"]*")*)\s*(\/?)>/g;
const attribute = /([a-z]+)="([^"]*)"/g;

export function readJunit(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  let open: { readonly attributes: Attributes; result: CaseResult } | undefined;
  for (const [, slash, element, text = "", selfClosing] of xml.matchAll(tag)) {
    const attributes = readAttributes(text);
    if (element === "testcase" && slash === "") open = { attributes, result: passed };
    if (open === undefined) continue;
    if (element === "failure" || element === "error") open.result = failureOf(open, attributes);
    if (element === "skipped")
      open.result = { kind: "skipped", reason: reasonOf(open, attributes) };
    const isEnd = element === "testcase" && (slash === "/" || selfClosing === "/");
    if (!isEnd) continue;
    cases.push({ name: nameOf(open.attributes), result: open.result });
    open = undefined;
  }
  return cases;
}

type Attributes = ReadonlyMap<string, string>;

function readAttributes(text: string): Attributes {
  const attributes = new Map<string, string>();
  for (const [, key = "", value = ""] of text.matchAll(attribute)) {
    attributes.set(key, unescaped(value));
  }
  return attributes;
}

/** The first failure of a case says most. */
function failureOf({ result }: { result: CaseResult }, attributes: Attributes): CaseResult {
  if (result.kind === "failed") return result;
  const message = attributes.get("message") || attributes.get("type") || "failed";
  return { kind: "failed", message: message.trim() };
}

/**
 * A skipped test or its block carries the reason in its name, since the report has no place for it.
 */
function reasonOf({ attributes }: { attributes: Attributes }, skipped: Attributes): string {
  const message = skipped.get("message");
  if (message !== undefined) return message;
  const words = `${attributes.get("classname")} ${attributes.get("name")}`;
  const stated = /skipped: ([^)]+)/.exec(words)?.[1];
  return stated?.trim() ?? words.trim();
}

function nameOf(attributes: Attributes): string {
  // The runner writes the innermost block first.
  const blocks = (attributes.get("classname") ?? "").split(" > ").reverse();
  const names = [attributes.get("file"), ...blocks, attributes.get("name")];
  return names.filter((name) => name !== undefined && name !== "").join(" > ");
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
};

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|([a-z]+));/g, (whole, code, name) =>
    code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
