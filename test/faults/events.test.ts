/** Events of a process that is killed, and of one whose disk is full: what is promised of them (ADR 0018). */
import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { decompressed } from "#lib/events/file/compression";
import { LineSplitter } from "#lib/events/line-splitter";
import { decodeEventRecord, type ReadEvent } from "#proto/event-record";
import { Sink } from "../../loadtest/sink/sink.ts";
import { Load } from "../support/process/load.ts";
import { SmallDisk, smallDiskMissing } from "../support/process/small-disk.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const emptyMaxMs = 60_000;
const kills = 4;
const source = "--messages 1000000 --reconnect --sessions 8 --domain up.example --domains 4";

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** Every line of every file, as it stands there; one that is no record fails. */
async function eventsIn(folder: string): Promise<readonly ReadEvent[]> {
  const events: ReadEvent[] = [];
  for (const path of await filesIn(folder)) {
    const lines = new LineSplitter();
    const pieces = path.endsWith(".zst") ? decompressed(path) : Bun.file(path).stream();
    for await (const bytes of pieces) {
      for (const line of lines.push(bytes)) events.push(decodeEventRecord(line));
    }
    // Nothing is torn: what has no end would come with this one.
    expect(lines.push(new TextEncoder().encode("\n"))).toEqual([""]);
  }
  return events;
}

function idsOf(events: readonly ReadEvent[], kind: string): readonly string[] {
  return events.filter((event) => event.kind === kind).map(({ eventId }) => eventId);
}

test(`after ${kills} kills every line is whole, and little is missing`, async () => {
  let arrived = 0;
  await using sink = await Sink.start({
    arrived: () => {
      arrived += 1;
    },
  });
  await using godwit = await StandaloneProcess.prepare({ routes: { "*.example": sink.endpoint } });
  const folder = join(godwit.data, "events");
  await godwit.start();
  const load = Load.start({ to: godwit, sources: [source] });
  for (let n = 1; n <= kills; n++) {
    await load.accepted(n * 1_000);
    await godwit.kill();
    await godwit.start();
  }
  await load.stop();
  await within(emptyMaxMs, godwit.emptied(), () => "still in the queue");
  expect(await godwit.stop()).toBe(0);

  const events = await eventsIn(folder);
  const [receptions, deliveries] = [idsOf(events, "reception"), idsOf(events, "delivery")];
  // A step is told once, whatever was tried again.
  expect(new Set(receptions).size).toBe(receptions.length);
  expect(new Set(deliveries).size).toBe(deliveries.length);
  // Nothing is told that did not happen.
  expect(deliveries.length).toBeLessThanOrEqual(arrived);
  expect(deliveries.length).toBeGreaterThan(load.messages / 2);
  // Both were under way when it was killed: a tenth of a second of events, four times.
  expect(receptions.length).toBeGreaterThan(load.messages / 2);
  expect(idsOf(events, "dropped")).toEqual([]);
}, 120_000);

test("stopped in good order, none is missing", async () => {
  await using sink = await Sink.start({});
  await using godwit = await StandaloneProcess.prepare({
    routes: { "*.example": sink.endpoint },
    yaml: "events: { file: { rotate: { size: 1MiB } } }\n",
  });
  await godwit.start();
  const words = "--messages 3000 --sessions 8 --domain up.example --domains 4";
  const load = Load.start({ to: godwit, sources: [words] });
  await load.finished();
  await within(emptyMaxMs, godwit.emptied(), () => "still in the queue");
  expect(await godwit.stop()).toBe(0);
  const folder = join(godwit.data, "events");
  const events = await eventsIn(folder);
  expect(idsOf(events, "reception")).toHaveLength(3_000);
  expect(new Set(idsOf(events, "delivery")).size).toBe(3_000);
  expect((await filesIn(folder)).length).toBeGreaterThan(1);
}, 120_000);

const missing = await smallDiskMissing();

describe.skipIf(missing !== undefined)("a full disk", () => {
  test("holds up events and no mail; they go on when there is room", async () => {
    await using disk = await SmallDisk.mount(100);
    await using sink = await Sink.start({});
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*.example": sink.endpoint },
      yaml: `events: { file: { folder: "${join(disk.path, "events")}" } }\n`,
    });
    await godwit.start();
    disk.fill(1024 * 1024);
    const waits = godwit.log.times("events_wait", 1);
    const words = "--messages 500 --sessions 4 --domain up.example";
    const load = Load.start({ to: godwit, sources: [words] });
    await Promise.all([load.finished(), waits]);
    await within(emptyMaxMs, godwit.emptied(), () => "still in the queue");
    const goOn = godwit.log.times("events_go_on", 1);
    disk.free();
    await goOn;
    expect(await godwit.stop()).toBe(0);
    const events = await eventsIn(join(disk.path, "events"));
    expect(idsOf(events, "reception")).toHaveLength(500);
    expect(idsOf(events, "delivery")).toHaveLength(500);
  }, 120_000);
});
