import { expect, test } from "bun:test";
import { keyHash } from "./key-hash.ts";

test("tells a tenant's key from all that only look like it", () => {
  const names = [
    ["acme", "k"],
    ["acm", "ek"],
    ["acme", 'k","'],
    ['acme","k', ""],
    ["", "acmek"],
  ] as const;
  const hashes = names.map(([tenant, key]) => keyHash(tenant, key).toString("base64url"));
  expect(new Set(hashes).size).toBe(names.length);
});

test("does not change: what another version keeps is found", () => {
  const name = keyHash("acme", "k").toString("base64url");
  expect(name).toBe("JJZkjiQc4llgn6cm1NoTKy8K6K5auh8PH6B6egv2od8");
});
