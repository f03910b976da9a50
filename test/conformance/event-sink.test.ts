import { afterAll, describe } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock as clock } from "#lib/clock";
import { followEventFiles } from "#lib/events/file/file-follower";
import { FileOutlet } from "#lib/events/file/file-outlet";
import { MemoryOutlet } from "#lib/events/memory-outlet";
import { followEventStream } from "#lib/nats/events/stream-follower";
import { StreamOutlet } from "#lib/nats/events/stream-outlet";
import { silentLog as log } from "#lib/telemetry/log";
import { decodeEventRecord, encodeEventRecord, type ReadEvent } from "#proto/event-record";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";
import { type TemporaryCluster, temporaryCluster } from "./cluster.ts";
import { eventSinkConformance } from "./event-sink.ts";

describe("memory", () =>
  eventSinkConformance(async () => {
    const outlet = new MemoryOutlet();
    const read = async () => outlet.records.map((r) => decodeEventRecord(encodeEventRecord(r)));
    return { outlet, read, remove: async () => {} };
  }));

describe("files", () =>
  eventSinkConformance(async () => {
    const folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
    // Several files, so that reading goes from one to the next.
    const rotate = { sizeBytes: 50_000, ageMs: 3_600_000 };
    const keep = { sizeBytes: 1024 ** 3, ageMs: 3_600_000 };
    const outlet = new FileOutlet({ folder, rotate, keep, clock, log, freeBytesMin: 0 });
    return {
      outlet,
      read: async (count) => {
        await outlet.tidied();
        return firstOf(count, (signal) =>
          followEventFiles({ folder, from: "start", clock, signal }),
        );
      },
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  }));

const noNats = natsMissing();
let cluster: TemporaryCluster | undefined;
afterAll(() => cluster?.close());

describe.skipIf(noNats !== undefined)(titled("JetStream", noNats), () =>
  eventSinkConformance(async () => {
    cluster ??= await temporaryCluster({ eventsBytesMax: 64 * 1024 * 1024 });
    const { names } = cluster;
    const { links } = await cluster.open();
    const manager = await jetstreamManager(links.publish);
    await manager.streams.purge(names.eventsStream);
    return {
      outlet: StreamOutlet.open({ links, names, clock, node: "mta1.example.net" }),
      read: (count) =>
        firstOf(count, (signal) =>
          followEventStream({ links, names, kinds: [], from: "start", signal }),
        ),
      remove: async () => {},
    };
  }),
);

/** The first so many that a follower finds. */
async function firstOf(
  count: number,
  follow: (signal: AbortSignal) => AsyncGenerator<string>,
): Promise<readonly ReadEvent[]> {
  const ended = new AbortController();
  const events: ReadEvent[] = [];
  for await (const line of follow(ended.signal)) {
    events.push(decodeEventRecord(line));
    if (events.length === count) break;
  }
  ended.abort();
  return events;
}
