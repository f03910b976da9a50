/** Large content, in chunks in the stream BODY, until the last of its units is settled (ADR 0009). */
import type { JetStreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import { type QueueId, queueIdOf, type Uid } from "#lib/queue/unit";
import {
  type BodyReference,
  bodyHeader,
  bodyReferenceText,
  chunkBytes,
  parseBodyReference,
} from "#proto/frame";
import type { ClusterNames } from "#proto/subjects";
import type { Fate, Letter, PersistentPublisher } from "./publishing/persistent-publisher.ts";
import { standingSubjects } from "./reading/gone.ts";

export interface BodyStorePorts {
  readonly names: ClusterNames;
  readonly publisher: Pick<PersistentPublisher, "publish">;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
}

/** Chunks asked for at once. */
const readsMax = 4;
/** Longer than an election, behind which another server answers. */
const patienceMs = 15_000;
const againMs = 1_000;
const nothing = new Uint8Array();

export class BodyStore {
  readonly #ports: BodyStorePorts;

  constructor(ports: BodyStorePorts) {
    this.#ports = ports;
  }

  /** Stores all chunks, or says why not. */
  async put(id: QueueId, content: Uint8Array, units: number): Promise<Fate | BodyReference> {
    const reference = { chunks: Math.ceil(content.length / chunkBytes), units };
    const headers = { [bodyHeader]: bodyReferenceText(reference) };
    const publishes = Array.from({ length: reference.chunks }, (_, n) =>
      this.#publish(`${id}/${n}`, {
        subject: this.#ports.names.chunkSubject(id, n),
        data: content.subarray(n * chunkBytes, (n + 1) * chunkBytes),
        headers,
      }),
    );
    const fates = await Promise.all(publishes);
    const failed = fates.find((fate) => fate.kind !== "stored");
    return failed ?? reference;
  }

  /** Undefined when it, or a part of it, is not found now: that proves nothing (ADR 0009). */
  async get(id: QueueId): Promise<Uint8Array | undefined> {
    const first = await this.#read(id, 0);
    if (first === undefined) return undefined;
    const chunks = [first.data];
    for (let n = 1; n < first.reference.chunks; n += readsMax) {
      const count = Math.min(readsMax, first.reference.chunks - n);
      const reads = Array.from({ length: count }, (_, i) => this.#read(id, n + i));
      for (const chunk of await Promise.all(reads)) {
        if (chunk === undefined) return undefined;
        chunks.push(chunk.data);
      }
    }
    return new Uint8Array(Buffer.concat(chunks));
  }

  /** Undefined only when it, or a part of it, is gone; rejects while nobody knows. */
  async getForSure(id: QueueId): Promise<Uint8Array | undefined> {
    const { clock } = this.#ports;
    const deadline = clock.monotonic() + patienceMs;
    for (;;) {
      const content = await this.get(id);
      if (content !== undefined) return content;
      if (clock.monotonic() >= deadline) break;
      await clock.sleep(againMs);
    }
    if (await this.#isGone(id)) return undefined;
    throw new Error(`Cannot read the content of "${id}": it is neither there nor gone`);
  }

  /** A unit is settled: the content goes with the last one that needs it. */
  async release(uid: Uid, { units }: BodyReference): Promise<void> {
    const id = queueIdOf(uid);
    if (units === 1) return this.remove(id);
    const { names, manager } = this.#ports;
    const unit = Number(uid.slice(id.length + 1));
    const subject = names.doneSubject(id, unit);
    const fate = await this.#publish(`${id}/done/${unit}`, { subject, data: nothing });
    if (fate.kind !== "stored") throw new Error(`Cannot release "${uid}": ${fate.reason}`);
    // Whoever sees all marks removes all: each looks behind its own.
    const options = { subjects_filter: names.doneFilter(id) };
    const { state } = await manager.streams.info(names.bodyStream, options);
    if (Object.keys(state.subjects ?? {}).length >= units) await this.remove(id);
  }

  /** Idempotent. */
  async remove(id: QueueId): Promise<void> {
    const { names, manager } = this.#ports;
    await manager.streams.purge(names.bodyStream, { filter: names.bodyOfMessage(id) });
  }

  /** By the state that the stream's leader tells: a chunk that it only failed to read is in there. */
  async #isGone(id: QueueId): Promise<boolean> {
    const { names, manager } = this.#ports;
    const options = { subjects_filter: names.bodyOfMessage(id) };
    const standing = standingSubjects(await manager.streams.info(names.bodyStream, options));
    if (standing === undefined) return false;
    if (!standing.has(names.chunkSubject(id, 0))) return true;
    const chunks = (await this.#read(id, 0))?.reference.chunks ?? 0;
    const numbers = Array.from({ length: chunks }, (_, n) => n);
    return numbers.some((n) => !standing.has(names.chunkSubject(id, n)));
  }

  #publish(id: string, letter: Omit<Letter, "id" | "stream">): Promise<Fate> {
    const { names, publisher } = this.#ports;
    return publisher.publish({ ...letter, id, stream: names.bodyStream });
  }

  async #read(id: QueueId, n: number) {
    const { names, manager } = this.#ports;
    const query = { last_by_subj: names.chunkSubject(id, n) };
    // Any replica answers a direct read, one that lags behind, too: only the leader knows that
    // something is not there.
    const stored =
      (await manager.direct.getMessage(names.bodyStream, query)) ??
      (await manager.streams.getMessage(names.bodyStream, query));
    if (stored === null) return undefined;
    const reference = parseBodyReference(stored.header.get(bodyHeader));
    return reference === undefined ? undefined : { data: stored.data, reference };
  }
}
