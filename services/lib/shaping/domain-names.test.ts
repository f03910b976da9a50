import { expect, test } from "bun:test";
import { DomainNames } from "./domain-names.ts";

const names = new DomainNames<string>();
for (const pattern of ["a.b.example", "*.b.example", "*.example"]) names.set(pattern, pattern);

test.each([
  ["a.b.example", ["a.b.example", "*.b.example", "*.example"]],
  ["x.b.example", ["*.b.example", "*.example"]],
  ["x.a.b.example", ["*.b.example", "*.example"]],
  ["b.example", ["*.example"]],
  ["example", []],
  ["*.b.example", ["*.b.example", "*.example"]],
  ["[192.0.2.1]", []],
])("what is nearest to %s stands first", (domain, nearest) => {
  expect(names.nearest(domain)).toEqual(nearest);
});

test("names alone are found, too", () => {
  const plain = new DomainNames<number>();
  plain.set("a.example", 1);
  expect(plain.nearest("a.example")).toEqual([1]);
  expect(plain.nearest("b.a.example")).toEqual([]);
});
