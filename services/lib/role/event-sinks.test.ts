import { afterEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "#lib/config/load";
import { noEvents } from "#lib/events/event-sink";
import { silentLog as log } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { VirtualClock } from "#lib/virtual-clock";
import { eventOf, tell } from "../../../test/support/events/event-records.ts";
import { readEvents } from "./event-reading.ts";
import { fileEvents } from "./event-sinks.ts";

const clock = new VirtualClock();
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

function configOf(text: string) {
  const loaded = loadConfig(text, {
    fileName: "/srv/godwit.yaml",
    osHostname: "mta7",
    environment: {},
    readFile: () => "",
  });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

test("nobody is told anything when no kind is wanted", () => {
  const config = configOf("events: { kinds: [] }\n");
  expect(fileEvents(config, { clock, log, metrics: new PrometheusMetrics() })).toBe(noEvents);
});

test("events go into the folder that the file names, and are counted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
  folders.push(folder);
  const metrics = new PrometheusMetrics();
  const config = configOf(`data: ${folder}\nevents: { kinds: [bounce] }\n`);
  const sink = fileEvents(config, { clock, log, metrics });
  expect(sink.node).toBe("mta7");
  tell(sink, eventOf(0, "delivery"));
  tell(sink, eventOf(1, "bounce"));
  await sink.close();
  tell(sink, eventOf(2, "bounce"));
  const text = await metrics.render();
  expect(text).toContain("godwit_events_written_total 1\n");
  expect(text).toContain("godwit_events_dropped_total 1\n");
  const { signal } = new AbortController();
  const asked = { kinds: [], from: "start", clock, signal, told: () => {} } as const;
  const lines = readEvents(config, asked);
  const { value } = await lines.next();
  expect(JSON.parse(String(value))).toEqual(eventOf(1, "bounce"));
  await lines.return(undefined);
});
