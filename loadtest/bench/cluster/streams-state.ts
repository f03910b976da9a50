/** What stands in JetStream, and how far settling is behind accepting. */
import { type JetStreamManager, jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { allShards } from "#lib/queue/shard";
import { decodeLease } from "#proto/lease";
import { bucketStream, clusterNames, keySubject } from "#proto/subjects";

export interface Stored {
  readonly messages: number;
  readonly bytes: number;
}

export interface StreamsState {
  /** Of the shards: purged behind the floor. */
  readonly logs: Stored;
  /** Kept by age, whatever is settled. */
  readonly journal: Stored;
  /** Buckets, contents, splits. */
  readonly others: Stored;
  readonly consumers: number;
  /** Between the floors of the last checkpoints and the ends of the logs. */
  readonly floorLag: number;
}

const names = clusterNames();

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

function sumOf(streams: readonly Told[]): Stored {
  return {
    messages: streams.reduce((sum, { state }) => sum + state.messages, 0),
    bytes: streams.reduce((sum, { state }) => sum + state.bytes, 0),
  };
}
