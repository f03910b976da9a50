/** Reads the events of a cluster's stream as they come, without a durable of its own. */
import {
  type Consumer,
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  type OrderedConsumerOptions,
} from "@nats-io/jetstream";
import { LineSplitter } from "#lib/events/line-splitter";
import type { EventKind } from "#proto/event-record";
import type { ClusterNames } from "#proto/subjects";
import type { NatsLinks } from "../connection.ts";

export interface StreamFollowOptions {
  readonly links: Pick<NatsLinks, "consume">;
  readonly names: ClusterNames;
  /** Empty: all. */
  readonly kinds: readonly EventKind[];
  /** All that is kept, or only what comes from now on. */
  readonly from: "start" | "end";
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** A server that just came back leaves the first request without an answer, for five seconds each. */
const asksMax = 3;

/**
 * Lines without their ends. Ends when the signal aborts. Rejects when there is no such stream, and
 * when no server answers at the beginning.
 */
export async function* followEventStream(options: StreamFollowOptions): AsyncGenerator<string> {
  const { signal } = options;
  const consumer = await consumerOf(options);
  const messages = await consumer.consume();
  const stop = () => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    // A message has whole lines only.
    for await (const message of messages) yield* new LineSplitter().push(message.data);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function consumerOf(options: StreamFollowOptions): Promise<Consumer> {
  const { links, names, kinds, from, signal } = options;
  const wanted: Partial<OrderedConsumerOptions> = {
    deliver_policy: from === "start" ? DeliverPolicy.All : DeliverPolicy.New,
    ...(kinds.length === 0 ? undefined : { filter_subjects: kinds.map(names.eventSubject) }),
  };
  const { consumers } = jetstream(links.consume);
  for (let asked = 1; ; asked += 1) {
    try {
      return await consumers.get(names.eventsStream, wanted);
    } catch (error) {
      const isAnswer = error instanceof JetStreamApiError;
      if (isAnswer || signal.aborted || asked === asksMax) throw error;
    }
  }
}
