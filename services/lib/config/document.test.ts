import { expect, test } from "bun:test";
import { placed, readDocument } from "./document.ts";
import { Places } from "./place.ts";

test("a text is its value and where everything stands", () => {
  const document = readDocument("a: 1\nb:\n  - c: [x, y]\n");
  if ("faults" in document) throw new Error(JSON.stringify(document.faults));
  expect(document.value).toEqual({ a: 1, b: [{ c: ["x", "y"] }] });
  expect(document.places).toBeInstanceOf(Places);
  expect(document.places.ofValue(["b", 0, "c", 1])).toEqual({ line: 3, column: 12 });
  expect(document.places.ofKey(["b", 0, "c"])).toEqual({ line: 3, column: 5 });
  expect(document.places.ofValue(["b", 0, "missing"])).toEqual({ line: 3, column: 5 });
});

test("an empty one has no keys", () => {
  expect(readDocument("# nothing\n")).toMatchObject({ value: {} });
});

test("through an alias it stands where it was written", () => {
  const document = readDocument("a: &x { k: 1 }\nb: *x\n");
  if ("faults" in document) throw new Error(JSON.stringify(document.faults));
  expect(document.places.ofValue(["b", "k"])).toEqual({ line: 1, column: 12 });
});

test.each([
  ["what is no YAML", "a: [1,\n", 2],
  ["what unfolds without end", `a: &a [x, x]\n${bomb(12)}`, 1],
])("%s is a fault with its place", (_, text, line) => {
  expect(readDocument(text)).toMatchObject({ faults: [{ line, key: "" }] });
});

test.each([
  ["itself", "a: &a { b: *a }", { line: 1, column: 12, message: "*a refers to itself" }],
  ["what it stands deep in", "a: &a\n  - b: &b\n      c: [1, *a]", { line: 3, column: 14 }],
  ["nothing", "a: 1\nb: *c", { line: 2, column: 4, message: "*c refers to nothing" }],
  ["what comes after it", "a: *b\nb: &b 1", { line: 1, column: 4 }],
])("an alias of %s is a fault with its place and a hint", (_, text, fault) => {
  const hint = expect.stringContaining("&");
  expect(readDocument(text)).toMatchObject({ faults: [{ key: "", hint, ...fault }] });
});

test("an anchor that is set anew is another one", () => {
  const document = readDocument("a: &x 1\nb: &x { c: 2 }\nd: &y { e: *x }\nf: &x [*y, *y]\n");
  expect(document).toMatchObject({ value: { d: { e: { c: 2 } }, f: [{ e: { c: 2 } }, {}] } });
});

/** Each line twice the one before, thrice over. */
function bomb(lines: number): string {
  const names = "abcdefghijklmnop";
  const line = (n: number) => `${names[n]}: &${names[n]} [*${names[n - 1]}, *${names[n - 1]}]\n`;
  return Array.from({ length: lines }, (_, n) => line(n + 1)).join("");
}

test("findings are told in the order of the file", () => {
  const document = readDocument("a: 1\nb: 2\n");
  if ("faults" in document) throw new Error(JSON.stringify(document.faults));
  const findings = [
    { path: ["b"], isKey: true, message: "second" },
    { path: ["a"], isKey: false, message: "first", hint: "h" },
  ];
  expect(placed(findings, document.places)).toEqual([
    { line: 1, column: 4, key: "a", message: "first", hint: "h" },
    { line: 2, column: 1, key: "b", message: "second" },
  ]);
});
