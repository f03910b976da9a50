/** Every dialogue under `client/`, played against the pure session in each way of cutting. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "#lib/random";
import { playClient } from "../support/client/player.ts";
import { cuttings, parseTranscript } from "../support/transcript.ts";

const folder = join(import.meta.dir, "client");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".smtp"))
  .sort();
const seeds = [1, 2, 3];

test("there are client transcripts", () => {
  expect(files.length).toBeGreaterThan(50);
});

test.each(files)("client/%s", (name) => {
  const transcript = parseTranscript(readFileSync(join(folder, name), "utf8"));
  expect(transcript.title).toMatch(/^RFC \d+.* §\d|^RFC \d+, |^STYLE §/);
  for (const cutting of cuttings) {
    const turns = cutting === "at seeded cuts" ? seeds : seeds.slice(0, 1);
    for (const seed of turns) playClient(transcript, { cutting, random: seededRandom(seed) });
  }
});
