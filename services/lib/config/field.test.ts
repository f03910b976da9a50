import { describe, expect, test } from "bun:test";
import type { z } from "zod";
import { bytes, count, name, quantity, span, text, url } from "./field.ts";

/** The value, or the message with its hint. */
function read(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map((issue) => {
    return `${issue.message} (${issue.code === "custom" ? issue.params?.hint : ""})`;
  });
}

describe("a field", () => {
  test.each([
    ["a whole number", count(1, 9), 9, 9],
    ["no fraction", count(1, 9), 1.5, ["1.5 is out of range (a whole number, 1 to 9)"]],
    ["no bound above", count(2), 1, ["1 is out of range (a whole number, 2 or more)"]],
    ["a number", quantity(0, 1), 0.5, 0.5],
    ["no text for a number", quantity(0, 1), "1", ['"1" is out of range (a number, 0 to 1)']],
    ["a span", span("1s"), "1m", 60_000],
    ["too short a span", span("1s"), "10ms", ['"10ms" is too little (at least 1s)']],
    ["a size", bytes("1KiB"), "1MiB", 1_048_576],
    ["a name", name, "a.b-c@d", "a.b-c@d"],
    ["no name", name, "a b", ['"a b" is no name (letters, digits and any of _ . @ -)']],
    ["no text", text, "", ['"" is no text (in quotes)']],
    [
      "another URL",
      url("https:"),
      "http://a",
      ['"http://a" is no such URL (beginning with https://)'],
    ],
    ["nothing", text, undefined, ["is missing (undefined)"]],
  ])("takes %s for what it is", (_, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });
});
