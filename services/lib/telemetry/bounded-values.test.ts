import { expect, test } from "bun:test";
import { BoundedValues } from "./bounded-values.ts";

test("the first values keep their names, later ones are one", () => {
  const tenants = new BoundedValues(2);
  const seen = ["acme", "blue", "cyan", "acme", "cyan"].map((name) => tenants.of(name));
  expect(seen).toEqual(["acme", "blue", "other", "acme", "other"]);
});

test("nobody is none, and takes no place", () => {
  const tenants = new BoundedValues(1);
  expect([tenants.of(undefined), tenants.of(""), tenants.of("acme")]).toEqual([
    "none",
    "none",
    "acme",
  ]);
});
