/** The dialogues of the pure server session, played against the real edge over loopback. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "#lib/random";
import { playOnEdge, whyOnlyPure } from "../support/edge/edge-player.ts";
import { parseTranscript } from "../support/transcript.ts";

const folder = join(import.meta.dir, "..", "transcripts", "server");
const all = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".smtp"))
  .sort()
  .map((name) => ({ name, transcript: parseTranscript(readFileSync(join(folder, name), "utf8")) }));
const played = all.filter(({ transcript }) => whyOnlyPure(transcript) === undefined);

test("most dialogues can be had with the real edge", () => {
  expect(played.length).toBeGreaterThan(all.length * 0.8);
});

test.each(played)("server/$name", async ({ transcript }) => {
  await playOnEdge(transcript, { cutting: "whole", random: seededRandom(1) });
  await playOnEdge(transcript, { cutting: "at seeded cuts", random: seededRandom(2) });
});
