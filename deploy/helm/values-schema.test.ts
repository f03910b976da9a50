import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { valuesSchemaText } from "./values-schema.ts";

const file = join(import.meta.dir, "godwit", "values.schema.json");

test("the chart's schema is that of godwit.yaml as it is now: else npm run -s chart:schema", () => {
  expect(readFileSync(file, "utf8")).toBe(valuesSchemaText());
});

test("what the chart writes itself is nobody's to set", () => {
  const { config } = JSON.parse(valuesSchemaText()).properties;
  const keys = Object.keys(config.properties);
  expect(keys).toContain("hostname");
  for (const key of ["data", "control", "tls", "shaping"]) expect(keys).not.toContain(key);
  expect(config.properties.delivery.properties).not.toHaveProperty("name");
  expect(config.properties.nats).not.toHaveProperty("required");
  expect(config.additionalProperties).toBe(false);
});
