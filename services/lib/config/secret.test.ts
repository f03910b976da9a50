import { expect, test } from "bun:test";
import { type Sources, secret } from "./secret.ts";
import { bad, ok, type ValueParser } from "./value.ts";

const sources: Sources = {
  readFile: (path) => {
    if (path !== "secret.txt") throw new Error("ENOENT");
    return "from the file\n";
  },
  environment: { PASSWORD: "from the environment" },
};
const parse: ValueParser<string> = (value) =>
  typeof value === "string" ? ok(value) : bad("is no text", "text");
const schema = secret(sources, parse);

test("a secret stands in place, in a file, or in the environment", () => {
  expect(schema.parse("in place")).toBe("in place");
  expect(schema.parse({ file: "secret.txt" })).toBe("from the file");
  expect(schema.parse({ env: "PASSWORD" })).toBe("from the environment");
});

test("what is not there is told, and nothing of what is", () => {
  for (const value of [{ file: "none.txt" }, { env: "NONE" }, 7]) {
    const { error } = schema.safeParse(value);
    expect(error).toBeDefined();
    expect(error?.message).not.toContain("from the");
  }
});
