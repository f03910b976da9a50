/** Reads the events of a cluster's stream as they come, without a durable of its own. */
import { DeliverPolicy, jetstream, type OrderedConsumerOptions } from "@nats-io/jetstream";
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

/** Lines without their ends. Ends when the signal aborts. Rejects when there is no such stream. */
export async function* followEventStream(options: StreamFollowOptions): AsyncGenerator<string> {
  const { links, names, kinds, from, signal } = options;
  const consumerOptions: Partial<OrderedConsumerOptions> = {
    deliver_policy: from === "start" ? DeliverPolicy.All : DeliverPolicy.New,
    ...(kinds.length === 0 ? undefined : { filter_subjects: kinds.map(names.eventSubject) }),
  };
  const consumer = await jetstream(links.consume).consumers.get(
    names.eventsStream,
    consumerOptions,
  );
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
