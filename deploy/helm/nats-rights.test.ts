import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { natsRightsText } from "./nats-rights.ts";

const file = join(import.meta.dir, "godwit", "files", "nats-rights.json");

test("the chart's NATS users are the program's as they are now: else npm run -s chart:schema", () => {
  expect(readFileSync(file, "utf8")).toBe(natsRightsText());
});
