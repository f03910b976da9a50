/** The cluster's inhabitants of Intake, Stream and Journal, over one pair of connections. */
import { jetstreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { allShards } from "#lib/queue/shard";
import type { Log } from "#lib/telemetry/log";
import type { ClusterNames } from "#proto/subjects";
import { BodyStore } from "./body-store.ts";
import type { NatsLinks } from "./connection.ts";
import { JetStreamIntake } from "./jetstream-intake.ts";
import { JetStreamJournal } from "./jetstream-journal.ts";
import { JetStreamStream } from "./jetstream-stream.ts";
import type { InFlightLimit } from "./publishing/in-flight.ts";
import { PersistentPublisher } from "./publishing/persistent-publisher.ts";
import { Publishability } from "./publishing/publishability.ts";
import { Publisher } from "./publishing/publisher.ts";
import { FanOutProgress } from "./splitting/fan-out-progress.ts";
import { splitBacklog } from "./splitting/split-backlog.ts";
import { SplitFeed } from "./splitting/split-feed.ts";
import { streamReplicas } from "./stream-replicas.ts";

export interface JetStreamLogOptions {
  readonly links: NatsLinks;
  readonly names: ClusterNames;
  readonly shards: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Who seals a journal, for people. */
  readonly name: string;
  /** Publishes on their way at once. */
  readonly limit?: InFlightLimit;
  /** How long an unanswered publish is repeated, and how long one answer is waited for. */
  readonly patienceMs?: number;
  readonly answerMaxMs?: number;
}

export type JetStreamLog = Awaited<ReturnType<typeof openJetStreamLog>>;

const requestMaxMs = 5_000;
const defaultPayloadBytes = 1024 * 1024;

export async function openJetStreamLog(options: JetStreamLogOptions) {
  const { links, names, shards, clock, log, name } = options;
  const { publishLink, consumeLink } = links;
  const asked = { checkAPI: false, timeout: requestMaxMs };
  const manager = await jetstreamManager(links.consume, asked);
  const publishManager = await jetstreamManager(links.publish, asked);
  const { answerMaxMs, patienceMs, limit } = options;
  const single = new Publisher({
    link: publishLink,
    clock,
    ...(answerMaxMs === undefined ? undefined : { answerMaxMs }),
  });
  const streams = [...allShards(shards).map(names.shardStream), names.splitStream];
  const publishability = new Publishability({
    ...{ link: publishLink, manager: publishManager, clock, log, streams },
  });
  const publisher = new PersistentPublisher({
    ...{ link: publishLink, publisher: single, clock },
    onFate: (stream, fate) => publishability.learn(stream, fate),
    ...(patienceMs === undefined ? undefined : { patienceMs }),
    ...(limit === undefined ? undefined : { limit }),
  });
  const deadlines = new Deadlines(clock);
  const lanes = { link: consumeLink, manager, clock, deadlines, log };
  const bodies = new BodyStore({ names, publisher, manager, clock });
  const payloadBytesMax = () => links.publish.info?.max_payload ?? defaultPayloadBytes;
  const stream = new JetStreamStream({ ...lanes, names, bodies });
  const progress = new FanOutProgress({ names, manager, publisher });
  const splitFeed = new SplitFeed({
    ...{ names, shards, link: consumeLink, manager, publisher, progress, clock, log },
  });
  return {
    intake: new JetStreamIntake({
      ...{ names, shards, publisher, bodies, publishability, payloadBytesMax },
      manager: publishManager,
    }),
    stream,
    journal: new JetStreamJournal({ ...lanes, names, publisher: single, name }),
    splitFeed,
    splitBacklog: () => splitBacklog({ manager, names }),
    replicas: () => streamReplicas({ manager, names, shards }),
    /** Started by whoever needs to know; an edge does. */
    publishability,
    figures: () => ({
      publishesInFlight: publisher.inFlight,
      publishRetries: publisher.retries,
      laneRestarts: stream.laneRestarts,
      logHoles: stream.holes,
      splits: splitFeed.figures,
    }),
    /** The connections stay with whoever made them. */
    close: async () => {
      await Promise.all([splitFeed.stop(), publishability.stop()]);
      stream.close();
      single.close();
    },
  };
}
