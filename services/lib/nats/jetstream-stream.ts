/** Stream on JetStream: a shard is a stream, read from a floor and purged behind it (DESIGN §5). */
import type { StreamInfo } from "@nats-io/jetstream";
import type { QueueId, Shard, Uid } from "#lib/queue/unit";
import { type LogOrigin, type LogReader, LogWentBack, type Stream } from "#lib/stream/stream";
import type { BodyReference } from "#proto/frame";
import type { ClusterNames } from "#proto/subjects";
import type { BodyStore } from "./body-store.ts";
import { firstOf, hasLeader } from "./reading/gone.ts";
import { JetStreamReader } from "./reading/jetstream-reader.ts";
import type { LanePorts } from "./reading/ordered-lane.ts";

export interface JetStreamStreamPorts extends LanePorts {
  readonly names: ClusterNames;
  readonly bodies: BodyStore;
}

interface StandingBody {
  readonly uid: Uid;
  readonly body: BodyReference;
}

export class JetStreamStream implements Stream {
  readonly #ports: JetStreamStreamPorts;
  readonly #readers = new Set<JetStreamReader>();
  /** Entries that were read whose content stands apart, by shard and sequence. */
  readonly #bodies = new Map<Shard, Map<number, StandingBody>>();
  /** Parked entries: an operator may want their content, which goes by its age. */
  readonly #kept = new Map<Shard, Set<number>>();
  /** Which log each was when it was taken over. */
  readonly #origins = new Map<Shard, string>();
  /** How far each was purged last. */
  readonly #purged = new Map<Shard, number>();
  #closedRestarts = 0;
  #closedHoles = 0;

  constructor(ports: JetStreamStreamPorts) {
    this.#ports = ports;
  }

  get laneRestarts(): number {
    return [...this.#readers].reduce((sum, reader) => sum + reader.restarts, this.#closedRestarts);
  }

  get holes(): number {
    return [...this.#readers].reduce((sum, reader) => sum + reader.holes, this.#closedHoles);
  }

  open(shard: Shard, after: number): LogReader {
    this.#purged.delete(shard);
    const bodies = this.#bodiesOf(shard);
    for (const sequence of bodies.keys()) if (sequence <= after) bodies.delete(sequence);
    const reader = new JetStreamReader({
      ...this.#ports,
      shard,
      after,
      onBody: ({ sequence, uid }, body) => void bodies.set(sequence, { uid, body }),
      onClose: (closed) => this.#forget(closed),
    });
    this.#readers.add(reader);
    return reader;
  }

  content(id: QueueId): Promise<Uint8Array | undefined> {
    return this.#ports.bodies.get(id);
  }

  contentForSure(id: QueueId): Promise<Uint8Array | undefined> {
    return this.#ports.bodies.getForSure(id);
  }

  keepContent(shard: Shard, sequence: number): void {
    this.#keptOf(shard).add(sequence);
  }

  async end(shard: Shard): Promise<number> {
    return (await this.#info(shard)).state.last_seq;
  }

  async origin(shard: Shard): Promise<LogOrigin> {
    const { created, state } = await this.#info(shard);
    this.#origins.set(shard, created);
    return { id: created, first: firstOf(state) };
  }

  async confirm(shard: Shard, floor: number): Promise<void> {
    const { created, state } = await this.#info(shard);
    const end = state.last_seq;
    const isAnother = created !== (this.#origins.get(shard) ?? created);
    if (end < floor || isAnother) throw new LogWentBack({ shard, end, floor });
  }

  async #info(shard: Shard): Promise<StreamInfo> {
    const { manager, names } = this.#ports;
    const info = await manager.streams.info(names.shardStream(shard));
    // A replica that lacks the last ones would make a takeover attempt what was deferred already.
    if (hasLeader(info)) return info;
    throw new Error(`Cannot tell the end of shard ${shard}: it has no leader`);
  }

  /** Large content first: behind the floor nobody would read any more where it stands. */
  async purge(shard: Shard, floor: number): Promise<void> {
    if (floor <= 0) return;
    const { manager, names } = this.#ports;
    await this.#releaseBodies(shard, floor);
    // A purge beyond the end would take all that is in a log which was made anew, unread.
    await this.confirm(shard, floor);
    if (this.#purged.get(shard) === floor) return;
    await manager.streams.purge(names.shardStream(shard), { seq: floor + 1 });
    this.#purged.set(shard, floor);
  }

  /** What cannot be released now is tried with the next purge: the log itself must not wait. */
  async #releaseBodies(shard: Shard, floor: number): Promise<void> {
    const { bodies, log } = this.#ports;
    const standing = this.#bodiesOf(shard);
    const kept = this.#keptOf(shard);
    for (const [sequence, { uid, body }] of standing) {
      if (sequence > floor) continue;
      try {
        if (!kept.has(sequence)) await bodies.release(uid, body);
        standing.delete(sequence);
      } catch (error) {
        log.warn("body_release_failed", { uid, error: String(error) });
        return;
      }
    }
    for (const sequence of kept) if (sequence <= floor) kept.delete(sequence);
  }

  close(): void {
    for (const reader of [...this.#readers]) reader.close();
  }

  #bodiesOf(shard: Shard): Map<number, StandingBody> {
    const bodies = this.#bodies.get(shard) ?? new Map<number, StandingBody>();
    this.#bodies.set(shard, bodies);
    return bodies;
  }

  #keptOf(shard: Shard): Set<number> {
    const kept = this.#kept.get(shard) ?? new Set<number>();
    this.#kept.set(shard, kept);
    return kept;
  }

  #forget(reader: JetStreamReader): void {
    if (!this.#readers.delete(reader)) return;
    this.#closedRestarts += reader.restarts;
    this.#closedHoles += reader.holes;
  }
}
