/** Every dialogue under `server/`, played against the pure session in each way of cutting. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "#lib/random";
import { play } from "../support/server/player.ts";
import { cuttings, parseTranscript } from "../support/transcript.ts";

const folder = join(import.meta.dir, "server");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".smtp"))
  .sort();
const seeds = [1, 2, 3];

test("there are server transcripts", () => {
  expect(files.length).toBeGreaterThan(60);
});

test.each(files)("server/%s", (name) => {
  const transcript = parseTranscript(readFileSync(join(folder, name), "utf8"));
  expect(transcript.title).toMatch(/^RFC \d+.* §\d|^RFC \d+, /);
  for (const cutting of cuttings) {
    const turns = cutting === "at seeded cuts" ? seeds : seeds.slice(0, 1);
    for (const seed of turns) play(transcript, { cutting, random: seededRandom(seed) });
  }
});
