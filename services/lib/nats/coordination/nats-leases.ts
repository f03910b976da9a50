/** Leases in two buckets of NATS: who lives, and who owns which shard (ADR 0006, 0009, 0011). */
import { jetstreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import {
  type Checkpoint,
  type Epoch,
  Fenced,
  type Lease,
  type Leases,
  type Member,
  nextEpoch,
  type Standing,
} from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import { decodeLease, encodeLease } from "#proto/lease";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import type { NatsLinks } from "../connection.ts";
import { Publisher } from "../publishing/publisher.ts";
import type { LanePorts } from "../reading/ordered-lane.ts";
import { BucketWatch } from "./bucket-watch.ts";
import { type Key, readKey, writeKey } from "./key-cell.ts";
import { NatsMembers } from "./nats-members.ts";

export interface NatsLeasesOptions {
  readonly links: NatsLinks;
  readonly names: ClusterNames;
  readonly clock: Clock;
  readonly log: Log;
}

interface Ports extends LanePorts {
  readonly names: ClusterNames;
  readonly publisher: Publisher;
}

/** A lease as it was read or written last, and where it stands. */
interface Known {
  readonly lease: Lease | undefined;
  readonly revision: number;
}

const requestMaxMs = 5_000;
/** Two of our own writes may be unanswered at once: the release behind a checkpoint. */
const writesMax = 3;
const defaultPayloadBytes = 1024 * 1024;
/** A message's headers count, too. */
const headerBytes = 4 * 1024;

export class NatsLeases implements Leases {
  readonly #ports: Ports;
  readonly #members: NatsMembers;
  readonly #known = new Map<Shard, Known>();
  readonly #watchers = new Set<(shard: Shard) => void>();
  #watch: BucketWatch | undefined;

  static async open({ links, names, clock, log }: NatsLeasesOptions): Promise<NatsLeases> {
    const manager = await jetstreamManager(links.publish, {
      checkAPI: false,
      timeout: requestMaxMs,
    });
    const { publishLink, consumeLink: link } = links;
    const publisher = new Publisher({ link: publishLink, clock });
    const deadlines = new Deadlines(clock);
    return new NatsLeases({ link, names, manager, publisher, clock, deadlines, log });
  }

  private constructor(ports: Ports) {
    this.#ports = ports;
    this.#members = new NatsMembers(ports);
  }

  heartbeat(me: Incarnation, standing: Standing): Promise<void> {
    return this.#members.heartbeat(me, standing);
  }

  leave(me: Incarnation): Promise<void> {
    return this.#members.leave(me);
  }

  members(): Promise<readonly Member[]> {
    return this.#members.living();
  }

  watch(released: (shard: Shard) => void): () => void {
    const { buckets } = this.#ports.names;
    const watcher = (shard: Shard) => released(shard);
    this.#watchers.add(watcher);
    this.#watch ??= new BucketWatch(this.#ports, {
      stream: bucketStream(buckets.shards),
      bucket: buckets.shards,
      changed: ({ subject, value, isNew }) => {
        if (value === undefined || !isNew || decodeLease(value).owner !== undefined) return;
        const shard = this.#ports.names.shardOfKey(subject);
        if (shard !== undefined) for (const tell of this.#watchers) tell(shard);
      },
    });
    return () => void this.#watchers.delete(watcher);
  }

  async read(shard: Shard): Promise<Lease | undefined> {
    return (await this.#read(shard)).lease;
  }

  async claim(shard: Shard, me: Incarnation, read: Epoch | undefined): Promise<Epoch | undefined> {
    let known = this.#known.get(shard);
    if (known === undefined || known.lease?.epoch !== read) known = await this.#read(shard);
    const { lease, revision } = known;
    if (lease?.epoch !== read) return undefined;
    const claimed: Lease = { ...lease, owner: me, epoch: nextEpoch(read) };
    // Where that stands which was read: a checkpoint told since then would be lost on the claimant.
    const value = encodeLease(claimed);
    const written = await writeKey(this.#ports, this.#key(shard), { revision, value });
    this.#known.delete(shard);
    if (written.kind === "another") return undefined;
    this.#known.set(shard, { lease: claimed, revision: written.revision });
    return claimed.epoch;
  }

  async checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void> {
    await this.#write(shard, epoch, ({ owner }) => {
      return { epoch, checkpoint, ...(owner === undefined ? undefined : { owner }) };
    });
  }

  async release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void> {
    await this.#write(shard, epoch, () => this.#fitting({ epoch, checkpoint }));
  }

  /** Limits that the server would not take cost a moment; a release that it does not take costs 30 s. */
  #fitting(released: { readonly epoch: Epoch; readonly checkpoint: Checkpoint }): Lease {
    const payloadMax = this.#ports.link.connection.info?.max_payload ?? defaultPayloadBytes;
    if (encodeLease(released).length + headerBytes <= payloadMax) return released;
    const { limits: _, ...checkpoint } = released.checkpoint;
    return { epoch: released.epoch, checkpoint };
  }

  close(): void {
    this.#members.close();
    this.#watch?.close();
    this.#watchers.clear();
    this.#ports.publisher.close();
  }

  /** As long as what stands there is of this epoch. @throws {Fenced} when it surely is not. */
  async #write(shard: Shard, epoch: Epoch, next: (standing: Lease) => Lease): Promise<void> {
    for (let tries = 0; tries < writesMax; tries++) {
      const remembered = this.#known.get(shard);
      const isOfEpoch = remembered?.lease?.epoch === epoch;
      const { lease, revision } = isOfEpoch ? remembered : await this.#read(shard);
      if (lease?.epoch !== epoch) {
        throw new Fenced(`Cannot write the checkpoint of shard ${shard}: it has another epoch`);
      }
      const wanted = next(lease);
      const value = encodeLease(wanted);
      // Until it is known where it stands, nothing is remembered.
      this.#known.delete(shard);
      const written = await writeKey(this.#ports, this.#key(shard), { revision, value });
      if (written.kind === "stored") {
        this.#known.set(shard, { lease: wanted, revision: written.revision });
        return;
      }
    }
    throw new Error(`Cannot write the checkpoint of shard ${shard}: it keeps changing`);
  }

  async #read(shard: Shard): Promise<Known> {
    const standing = await readKey(this.#ports, this.#key(shard));
    const known: Known =
      standing === undefined
        ? { lease: undefined, revision: 0 }
        : { lease: decodeLease(standing.value), revision: standing.revision };
    this.#known.set(shard, known);
    return known;
  }

  #key(shard: Shard): Key {
    const { shards } = this.#ports.names.buckets;
    return { stream: bucketStream(shards), subject: keySubject(shards, String(shard)) };
  }
}
