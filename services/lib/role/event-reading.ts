/** Reads events from where the configuration has them: the cluster's stream, or the files of one machine. */
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { followEventFiles } from "#lib/events/file/file-follower";
import { connectNats } from "#lib/nats/connection";
import { followEventStream } from "#lib/nats/events/stream-follower";
import { silentLog } from "#lib/telemetry/log";
import type { EventKind } from "#proto/event-record";
import { clusterNames } from "#proto/subjects";
import { natsOptionsOf } from "./cluster/cluster-options.ts";
import { natsReason } from "./cluster/nats-reason.ts";

export interface EventReading {
  /** Empty: all. More may come. */
  readonly kinds: readonly EventKind[];
  /** All that is kept, or only what comes from now on. */
  readonly from: "start" | "end";
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears why it waits. */
  readonly told: (line: string) => void;
}

/** Lines of JSON without their ends. */
export async function* readEvents(config: Config, reading: EventReading): AsyncGenerator<string> {
  const { nats, events } = config;
  const { clock, signal, told } = reading;
  if (nats === undefined || !events.stream) {
    yield* followEventFiles({ folder: events.file.folder, ...reading });
    return;
  }
  const links = await connectNats({
    ...natsOptionsOf(nats, { name: "godwit events", clock, log: silentLog }),
    signal,
    onFailed: (error) => told(`Waiting for NATS: ${natsReason(error)}`),
  });
  try {
    yield* followEventStream({ links, names: clusterNames(nats.namespace), ...reading });
  } finally {
    await links.close();
  }
}
