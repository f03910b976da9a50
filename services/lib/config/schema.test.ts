import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { configSchema } from "./schema.ts";

const schema = configSchema({ readFile: () => "s3cret\n", environment: {} });
const form = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });

/** What JSON Schema says at a place. */
function at(...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((part, key) => Object(part)[key], form);
}

describe("the form of godwit.yaml, for editors and the chart,", () => {
  test.each([
    ["a number in its range", ["shards"], { type: "integer", minimum: 1, maximum: 256 }],
    ["a name", ["hostname"], { type: "string" }],
    ["a port", ["control", "properties", "port"], { type: "integer", maximum: 65_535 }],
    ["an address", ["control", "properties", "address"], { type: "string" }],
    ["a list", ["users"], { type: "array", items: { additionalProperties: false } }],
  ])("says of %s what it is", (_, keys, expected) => {
    expect(at("properties", ...keys)).toMatchObject(expected);
  });

  test("knows no other keys, and where a secret may stand", () => {
    expect(at("additionalProperties")).toBe(false);
    expect(at("properties", "cassandra", "properties", "password", "anyOf")).toMatchObject([
      { type: "string" },
      { properties: { file: { type: "string" } }, additionalProperties: false },
      { properties: { env: { type: "string" } }, additionalProperties: false },
    ]);
  });

  test.each(["5m", "1h30m", "1500ms", "5 m", "5", "m"])("agrees with what is read: %p", (span) => {
    const pattern = at("properties", "limits", "properties", "idle", "pattern");
    const isRead = schema.safeParse({ limits: { idle: span } }).success;
    expect(new RegExp(String(pattern)).test(span)).toBe(isRead);
  });

  test.each(["25MiB", "1GiB", "25MB", "25", "MiB"])("agrees with what is read: %p", (size) => {
    const pattern = at("properties", "nats", "properties", "shardBytesMax", "pattern");
    const nats = { servers: ["nats://a.example:4222"], shardBytesMax: size };
    expect(new RegExp(String(pattern)).test(size)).toBe(schema.safeParse({ nats }).success);
  });
});
