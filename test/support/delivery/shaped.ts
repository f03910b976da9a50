/** Shaping for tests: what they write, and nothing that Godwit brings along. */
import { faultLine } from "#lib/config/fault";
import { loadShapingAlone } from "#lib/shaping/load";
import type { Shaping } from "#lib/shaping/shaping";

/** By the text of a shaping file; without one there are no limits. */
export function shapedBy(text = ""): Shaping {
  const loaded = loadShapingAlone([{ name: "test.yaml", text }]);
  if ("shaping" in loaded) return loaded.shaping;
  throw new Error(loaded.faults.map((fault) => faultLine("", fault)).join("\n"));
}
