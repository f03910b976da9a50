/**
 * Who lives, by heartbeats in a bucket. No two clocks are compared: a member is dead when nothing new
 * of it stands in the bucket, although 30 s have passed on our own clock since we saw its last
 * heartbeat. That it has sent that one earlier makes it the safer.
 *
 * That we hear nothing must not be our own deafness. So nobody is told who lives before a mark of
 * ours was written into the bucket, and has come back by the same way: whoever was there before is
 * known then, and who is silent behind those 30 s is dead.
 */
import { nuid } from "@nats-io/transport-node";
import type { Member, Standing } from "#lib/leases/leases";
import { Membership } from "#lib/leases/membership";
import type { Incarnation } from "#lib/stream/journal";
import { decodeMember, encodeMember } from "#proto/lease";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import { type Publisher, publishHeaders } from "../publishing/publisher.ts";
import type { LanePorts } from "../reading/ordered-lane.ts";
import { BucketWatch, type Change, operationHeader } from "./bucket-watch.ts";

export interface NatsMembersPorts extends LanePorts {
  readonly names: ClusterNames;
  readonly publisher: Publisher;
}

/** Followed by what makes it ours. A key of one token: members have two. */
const markKey = "mark-";

export class NatsMembers {
  readonly #ports: NatsMembersPorts;
  readonly #membership: Membership;
  readonly #watch: BucketWatch;
  readonly #incarnations = new Map<string, Incarnation>();
  readonly #mark: string;
  #hearing: Promise<void> | undefined;
  /** Of those who asked while one was under way, which may have passed what they must know. */
  #hearingNext: Promise<void> | undefined;

  constructor(ports: NatsMembersPorts) {
    this.#ports = ports;
    this.#membership = new Membership(ports.clock);
    const { workers } = ports.names.buckets;
    this.#mark = keySubject(workers, markKey + nuid.next());
    this.#watch = new BucketWatch(ports, {
      stream: bucketStream(workers),
      bucket: workers,
      changed: (change) => this.#take(change),
    });
  }

  async heartbeat(me: Incarnation, standing: Standing): Promise<void> {
    await this.#put(this.#subject(me), encodeMember({ incarnation: me, standing }));
  }

  async leave(me: Incarnation): Promise<void> {
    await this.#delete(this.#subject(me));
  }

  async living(): Promise<readonly Member[]> {
    const asOf = this.#ports.clock.monotonic();
    await this.#hear();
    return this.#membership.living(asOf);
  }

  close(): void {
    this.#watch.close();
  }

  /**
   * Resolves when all that stood in the bucket, at a time behind this call, is known here. One mark
   * for all who ask while another is on its way: a takeover asks for each shard.
   */
  #hear(): Promise<void> {
    if (this.#hearing === undefined) {
      const hearing = this.#hearOnce().finally(() => {
        this.#hearing = undefined;
      });
      this.#hearing = hearing;
      return hearing;
    }
    this.#hearingNext ??= this.#hearing
      .catch(() => undefined)
      .then(() => {
        this.#hearingNext = undefined;
        return this.#hear();
      });
    return this.#hearingNext;
  }

  async #hearOnce(): Promise<void> {
    await this.#watch.through(await this.#delete(this.#mark));
  }

  #take({ subject, value }: Change): void {
    if (value === undefined) {
      const gone = this.#incarnations.get(subject);
      this.#incarnations.delete(subject);
      if (gone !== undefined) this.#membership.forget(gone);
      return;
    }
    const { incarnation, standing } = decodeMember(value);
    this.#incarnations.set(subject, incarnation);
    this.#membership.hear(incarnation, standing);
  }

  #subject(me: Incarnation): string {
    const { names } = this.#ports;
    return keySubject(names.buckets.workers, names.memberKey(me));
  }

  #delete(subject: string): Promise<number> {
    return this.#put(subject, new Uint8Array(), { [operationHeader]: "DEL" });
  }

  async #put(
    subject: string,
    data: Uint8Array,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const headers = publishHeaders(fields);
    const answer = await this.#ports.publisher.publish({ subject, data, headers });
    if (answer.kind === "stored") return answer.sequence;
    throw new Error(`Cannot write "${subject}": ${answer.reason}`);
  }
}
