import { expect, test } from "bun:test";
import { loadConfig } from "./load.ts";

function load(text: string) {
  return loadConfig(text, {
    fileName: "/srv/godwit/godwit.yaml",
    osHostname: "mta1.example.net",
    environment: {},
    readFile: () => "",
  });
}

function eventsOf(text: string) {
  const loaded = load(text);
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config.events;
}

const kinds = [
  ...["reception", "transient", "delivery", "bounce", "expiration"],
  ...["suppression", "admin", "limitChange"],
];

test("without a word all kinds go into files, and into no stream", () => {
  expect<object>(eventsOf("")).toEqual({
    file: {
      folder: "/srv/godwit/data/events",
      rotate: { sizeBytes: 256 * 1024 ** 2, ageMs: 3_600_000 },
      keep: { sizeBytes: 4 * 1024 ** 3, ageMs: 7 * 86_400_000 },
    },
    stream: false,
    kinds,
  });
});

test("the folder is in data, or where the file says", () => {
  expect(eventsOf("data: /var/godwit\n").file.folder).toBe("/var/godwit/events");
  expect(eventsOf("events: { file: { folder: e } }\n").file.folder).toBe("/srv/godwit/e");
});

test("kinds are chosen by name, or none", () => {
  expect(eventsOf("events: { kinds: [bounce] }\n").kinds).toEqual(["bounce"]);
  expect(eventsOf("events: { kinds: [] }\n").kinds).toEqual([]);
});

test.each([
  ["events: { kinds: [bounces] }", "events.kinds[0]"],
  ["events: { kinds: [dropped] }", "events.kinds[0]"],
  ["events: { file: { rotate: { size: 10B } } }", "events.file.rotate.size"],
  ["events: { file: { keep: { age: 5s } } }", "events.file.keep.age"],
  ["events: { stream: maybe }", "events.stream"],
  ["events: { strean: true }", "events.strean"],
])("%s is a fault", (text, key) => {
  const loaded = load(text);
  expect("faults" in loaded ? loaded.faults.map((fault) => fault.key) : []).toEqual([key]);
});
