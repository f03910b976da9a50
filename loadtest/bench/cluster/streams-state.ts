/** What stands in JetStream, and how far settling is behind accepting. */
import { type JetStreamManager, jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { allShards } from "#lib/queue/shard";
import { decodeLease } from "#proto/lease";
import { bucketStream, clusterNames, keySubject } from "#proto/subjects";
import type { Stored } from "../contestants/contestant.ts";
import { slack } from "../trend.ts";

interface StreamSize {
  readonly messages: number;
  readonly bytes: number;
}

export interface StreamsState {
  /** Of the shards: purged behind the floor. */
  readonly logs: StreamSize;
  /** Kept by age, whatever is settled. */
  readonly journal: StreamSize;
  /** Buckets, contents, splits. */
  readonly others: StreamSize;
  readonly consumers: number;
  /** Between the floors of the last checkpoints and the ends of the logs. */
  readonly floorLag: number;
}

const names = clusterNames();
const mib = 2 ** 20;

/** One copy of each stream counts, its leader's. */
export class StreamsWatch {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #shards: number;

  static async open(servers: readonly string[], shards: number): Promise<StreamsWatch> {
    const connection = await connect({ servers: [...servers] });
    return new StreamsWatch(connection, await jetstreamManager(connection), shards);
  }

  private constructor(connection: NatsConnection, manager: JetStreamManager, shards: number) {
    this.#connection = connection;
    this.#manager = manager;
    this.#shards = shards;
  }

  async look(): Promise<StreamsState> {
    const streams: StreamInfo[] = [];
    for await (const stream of this.#manager.streams.list()) streams.push(stream);
    const floors = await Promise.all(allShards(this.#shards).map((shard) => this.#floor(shard)));
    return streamsState(streams, floors);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #floor(shard: number): Promise<number> {
    const { shards } = names.buckets;
    const query = { last_by_subj: keySubject(shards, String(shard)) };
    const lease = await this.#manager.streams.getMessage(bucketStream(shards), query);
    return lease === null ? 0 : (decodeLease(lease.data).checkpoint?.floor ?? 0);
  }
}

type Told = Pick<StreamInfo, "config" | "state">;

/** `floors` by shard. */
export function streamsState(streams: readonly Told[], floors: readonly number[]): StreamsState {
  const shardOf = ({ config }: Told) => names.shardOfStream(config.name);
  const isLog = (stream: Told) => shardOf(stream) !== undefined;
  const isJournal = ({ config }: Told) => config.name === names.journalStream;
  const logs = streams.filter(isLog);
  return {
    logs: sumOf(logs),
    journal: sumOf(streams.filter(isJournal)),
    others: sumOf(streams.filter((it) => !isLog(it) && !isJournal(it))),
    consumers: streams.reduce((sum, { state }) => sum + state.consumer_count, 0),
    floorLag: logs.reduce(
      (sum, it) => sum + it.state.last_seq - (floors[shardOf(it) ?? -1] ?? 0),
      0,
    ),
  };
}

/** As quantities that may grow. */
export function storedStreams(state: StreamsState): readonly Stored[] {
  const { logs, journal, others, consumers, floorLag } = state;
  const memory = { unit: "MiB", slack: slack.memoryMib } as const;
  const messages = { unit: "", slack: slack.messages } as const;
  return [
    { ...messages, name: "log messages", value: logs.messages },
    { ...memory, name: "logs", value: logs.bytes / mib },
    { ...memory, name: "journal", value: journal.bytes / mib, kept: "72 h" },
    { ...memory, name: "other streams", value: others.bytes / mib },
    { ...messages, name: "floor lag", value: floorLag },
    { unit: "", slack: slack.consumers, name: "consumers", value: consumers },
  ];
}

function sumOf(streams: readonly Told[]): StreamSize {
  return {
    messages: streams.reduce((sum, { state }) => sum + state.messages, 0),
    bytes: streams.reduce((sum, { state }) => sum + state.bytes, 0),
  };
}
