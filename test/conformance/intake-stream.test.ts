import { MemoryLog } from "#lib/stream/memory";
import { MemorySplitFeed } from "#lib/stream/memory-split";
import { silentLog } from "#lib/telemetry/log";
import { fromThread } from "../support/edge/from-thread.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { temporaryLog } from "./embedded.ts";
import { shards } from "./fixtures.ts";
import { intakeStreamSuite } from "./intake-stream.ts";

intakeStreamSuite("memory", async (options) => {
  const log = new MemoryLog({ clock: new ManualClock(), shards, ...options });
  return {
    intake: log.intake(),
    stream: log.stream(),
    journal: log.journal(),
    close: async () => {},
  };
});

intakeStreamSuite("memory, split by workers", async (options) => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, shards, split: "byWorkers", ...options });
  const feed = new MemorySplitFeed({ splitting: log.splitting(), clock, log: silentLog });
  feed.start();
  return {
    intake: log.intake(),
    stream: log.stream(),
    journal: log.journal(),
    close: () => feed.stop(),
  };
});

intakeStreamSuite("embedded", temporaryLog);

intakeStreamSuite("embedded, from the edge's thread", async (options) => {
  return await fromThread(await temporaryLog(options));
});
