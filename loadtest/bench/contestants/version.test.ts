import { expect, test } from "bun:test";
import { versionOf } from "./version.ts";

test.each([
  ["to its output", "echo it 1.2.3", "1.2.3"],
  ["to its errors, and fails", "echo it 1.2.3 >&2; exit 1", "1.2.3"],
  ["nothing", "true", "unknown"],
])("versionOf() a program that says it %s", async (_, script, version) => {
  expect(await versionOf(["sh", "-c", script], /it (\S+)/)).toBe(version);
});
