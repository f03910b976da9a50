/**
 * How far a message is fanned out that waits for a shard: written down, so that whoever has it after a
 * crash or a stop does not put the units that are out there once more, when their shards' streams
 * have forgotten the ids.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import { UndecodableRecord } from "#proto/record";
import { decodeSplitProgress, encodeSplitProgress } from "#proto/split";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import type { PersistentPublisher } from "../publishing/persistent-publisher.ts";

export interface FanOutProgressPorts {
  readonly names: ClusterNames;
  readonly manager: { readonly streams: Pick<JetStreamManager["streams"], "getMessage"> };
  readonly publisher: Pick<PersistentPublisher, "publish">;
}

/** Places of units within their message. */
export type DoneUnits = ReadonlySet<number>;

const none: DoneUnits = new Set();

export class FanOutProgress {
  readonly #ports: FanOutProgressPorts;

  constructor(ports: FanOutProgressPorts) {
    this.#ports = ports;
  }

  /** Never rejects; true when it is written. `done` only grows. */
  async remember(id: string, done: DoneUnits): Promise<boolean> {
    const { names, publisher } = this.#ports;
    const { once } = names.buckets;
    const fate = await publisher.publish({
      // Each state of it is a message of its own; the same once more is the same.
      id: `${id}/split/${[...done].toSorted((a, b) => a - b).join(".")}`,
      subject: keySubject(once, names.splitProgressKey(id)),
      stream: bucketStream(once),
      data: encodeSplitProgress(done),
    });
    return fate.kind === "stored";
  }

  /** Asks the leader: a replica may lag. Rejects when NATS cannot say. */
  async of(id: string): Promise<DoneUnits> {
    const { names, manager } = this.#ports;
    const { once } = names.buckets;
    const query = { last_by_subj: keySubject(once, names.splitProgressKey(id)) };
    const stored = await manager.streams.getMessage(bucketStream(once), query);
    if (stored === null) return none;
    try {
      return decodeSplitProgress(stored.data);
    } catch (error) {
      // As before anything was written down: its units may come twice, and none is forgotten.
      if (error instanceof UndecodableRecord) return none;
      throw error;
    }
  }
}
