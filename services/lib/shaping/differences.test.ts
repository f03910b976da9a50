import { expect, test } from "bun:test";
import { differences } from "./differences.ts";
import { loadShapingAlone } from "./load.ts";
import type { Rules } from "./rules.ts";

function rulesOf(...texts: readonly string[]): Rules {
  const loaded = loadShapingAlone(texts.map((text, i) => ({ name: `${"ab"[i]}.yaml`, text })));
  if ("shaping" in loaded) return loaded.shaping.rules;
  throw new Error(JSON.stringify(loaded.faults));
}

const below = `
default: { connections: 10, messages: 20/s burst 5, bytes: 1MiB/s, idle: 5s }
providers: { big: { match: { mx: [.big.example] }, per: [source], messages: 1/s } }
`;

test("each key that is other is told with both values and the place", () => {
  const over = `
default: { connections: none, messages: 20/s burst 5, bytes: 2MiB/s, idle: 500ms }
domains: { a.example: { concurrency: { max: 3 } } }
`;
  const told = differences(rulesOf(below, over), rulesOf(below)).map(
    ({ entry, key, before, after, provenance }) =>
      `${entry} ${key} ${before} ${after} ${provenance}`,
  );
  expect(told).toEqual([
    "default connections 10 none b.yaml:2",
    "default bytes 1MiB/s 2MiB/s b.yaml:2",
    "default idle 5s 500ms b.yaml:2",
    "domains.a.example concurrency.max undefined 3 b.yaml:3",
  ]);
});

test("what a replaced entry has no more is told, too", () => {
  const over = "providers: { big: { replace: true, match: { mx: [.big.example] } } }";
  expect(differences(rulesOf(below, over), rulesOf(below))).toEqual([
    {
      entry: "providers.big",
      key: "messages",
      before: "1/s",
      after: undefined,
      provenance: "a.yaml:3",
    },
    {
      entry: "providers.big",
      key: "per",
      before: "[source]",
      after: undefined,
      provenance: "a.yaml:3",
    },
  ]);
});

test("the same is no difference", () => {
  expect(differences(rulesOf(below, "default: { connections: 10 }"), rulesOf(below))).toEqual([]);
});
