import { MemoryLog } from "#lib/stream/memory";
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

intakeStreamSuite("embedded", temporaryLog);
