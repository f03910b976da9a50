import { expect, test } from "bun:test";
import { differences } from "./differences.ts";
import type { LayeredShaping } from "./layered-shaping.ts";
import { loadShapingAlone } from "./load.ts";

function shapingOf(...texts: readonly string[]): LayeredShaping {
  const loaded = loadShapingAlone(texts.map((text, i) => ({ name: `${"ab"[i]}.yaml`, text })));
  if ("shaping" in loaded) return loaded.shaping;
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
  const told = differences(shapingOf(below, over), shapingOf(below)).map(
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
  expect(differences(shapingOf(below, over), shapingOf(below))).toEqual([
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

test("rules on replies that are replaced, new or turned off are told by their names", () => {
  const rule = (name: string, action: string) =>
    `- { name: ${name}, code: 421, do: { action: ${action}, for: 5m } }\n`;
  const under = `automation:\n${rule("a", "hold")}${rule("b", "hold")}${rule("c", "hold")}`;
  const over = `automation:\n${rule("a", "skipHost")}- { name: b, off: true }\n${rule("d", "hold")}`;
  const told = differences(shapingOf(under, over), shapingOf(under)).map(
    ({ entry, key, before, after, provenance }) => [entry, key, before, after, provenance],
  );
  expect(told).toEqual([
    ["automation", "a", "hold", "skipHost", "b.yaml:2"],
    ["automation", "b", "hold", "off", "a.yaml:3, b.yaml:3"],
    ["automation", "d", undefined, "hold", "b.yaml:4"],
  ]);
});

test("the same is no difference", () => {
  expect(differences(shapingOf(below, "default: { connections: 10 }"), shapingOf(below))).toEqual(
    [],
  );
});
