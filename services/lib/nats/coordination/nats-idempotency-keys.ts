/** Idempotency keys in a bucket of NATS, for all edges of a cluster (ADR 0025). */
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import { type Begun, type Claim, type Claimant, type Judged, judge } from "#lib/idempotency/claim";
import {
  type Beginning,
  type IdempotencyKeys,
  IdempotencyUnavailable,
  mustFit,
} from "#lib/idempotency/idempotency";
import { keyHash } from "#lib/idempotency/key-hash";
import type { Time } from "#lib/queue/unit";
import { decodeClaim, encodeClaim } from "#proto/idempotency/claim";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import type { NatsLinks } from "../connection.ts";
import { fullCodes } from "../publishing/persistent-publisher.ts";
import { Publisher } from "../publishing/publisher.ts";
import { duplicateWindowMs } from "../stream-plan.ts";
import { type Key, type KeyCellPorts, type Read, readKey, writeKey } from "./key-cell.ts";

export interface NatsIdempotencyKeysOptions {
  readonly links: Pick<NatsLinks, "publish" | "publishLink">;
  readonly names: ClusterNames;
  readonly clock: Clock;
  /** What a test takes a time that the server told for. */
  readonly timeOf?: (told: Time) => Time;
}

interface Ports extends KeyCellPorts {
  readonly publisher: Publisher;
  readonly bucket: string;
  readonly timeOf: (told: Time) => Time;
}

interface StandingClaim {
  readonly revision: number;
  readonly claim: Claim;
}

/** In place of a time that the server tells when it has stored the claim. */
const toBeStamped: Time = 0;
const requestMaxMs = 5_000;
/** Each time somebody else was quicker: then somebody is at it. */
const triesMax = 5;
/** Claims that an edge has not finished yet; of those beyond it is read where they stand. */
const claimedMax = 10_000;

export class NatsIdempotencyKeys implements IdempotencyKeys {
  /** The streams know ids for the duplicate window, and marks for each message would cost too much. */
  readonly messagesAreRepeatable = false;
  readonly #ports: Ports;
  /** What we have claimed; the one that was claimed longest ago comes first. */
  readonly #claimed = new Map<string, StandingClaim>();

  static async open(options: NatsIdempotencyKeysOptions): Promise<NatsIdempotencyKeys> {
    const { links, names, clock, timeOf = (told) => told } = options;
    const asked = { checkAPI: false, timeout: requestMaxMs };
    const manager = await jetstreamManager(links.publish, asked);
    const publisher = new Publisher({ link: links.publishLink, clock });
    const bucket = names.buckets.keys;
    const finalCodes = fullCodes;
    return new NatsIdempotencyKeys({ publisher, manager, clock, bucket, finalCodes, timeOf });
  }

  private constructor(ports: Ports) {
    this.#ports = ports;
  }

  begin(tenant: string, key: string, fingerprint: Uint8Array, uid: string): Promise<Beginning> {
    const name = nameOf(tenant, key);
    return this.#asked(() => this.#begin(name, { fingerprint, uid }));
  }

  finish(tenant: string, key: string, answer: Uint8Array): Promise<void> {
    mustFit(answer);
    const name = nameOf(tenant, key);
    const claimed = this.#claimed.get(name);
    this.#claimed.delete(name);
    return this.#asked(() => {
      return this.#change(name, claimed, ({ fingerprint }) => {
        return { kind: "finished", fingerprint, answer, writtenAt: toBeStamped };
      });
    });
  }

  release(tenant: string, key: string, partial: Uint8Array): Promise<void> {
    mustFit(partial);
    const name = nameOf(tenant, key);
    this.#claimed.delete(name);
    // Read where it stands: when it was begun is known only there.
    return this.#asked(() => {
      return this.#change(name, undefined, (begun) => {
        return { ...begun, partial, writtenAt: toBeStamped, isReleased: true };
      });
    });
  }

  close(): void {
    this.#ports.publisher.close();
  }

  async #begin(name: string, claimant: Claimant): Promise<Beginning> {
    // Most keys are new: nobody is asked first.
    let standing: Read | undefined;
    for (let tries = 0; tries < triesMax; tries++) {
      const { beginning, next } = await this.#judged(standing, claimant);
      if (next === undefined) return beginning;
      const value = encodeClaim(next, claimant.uid);
      const revision = standing?.revision ?? 0;
      // Whether the key stands is looked at before there is room: a repeat is answered in any case.
      const written = await writeKey(this.#ports, this.#key(name), { revision, value });
      if (written.kind === "stored") {
        this.#remember(name, { revision: written.revision, claim: next });
        return beginning;
      }
      standing = written.standing;
    }
    return { kind: "running" };
  }

  async #judged(standing: Read | undefined, claimant: Claimant): Promise<Judged> {
    const knownMs = duplicateWindowMs;
    if (standing === undefined) return judge(undefined, claimant, { now: toBeStamped, knownMs });
    const { claim } = this.#standingOf(standing);
    return judge(claim, claimant, { now: await this.#present(), knownMs });
  }

  /** What was begun becomes something else; whatever else stands there stays. */
  async #change(
    name: string,
    claimed: StandingClaim | undefined,
    next: (begun: Begun) => Claim,
  ): Promise<void> {
    const key = this.#key(name);
    let standing = claimed;
    if (standing === undefined) {
      const read = await readKey(this.#ports, key);
      standing = read && this.#standingOf(read);
    }
    for (let tries = 0; tries < triesMax; tries++) {
      if (standing?.claim.kind !== "begun") return;
      const value = encodeClaim(next(standing.claim));
      const written = await writeKey(this.#ports, key, { revision: standing.revision, value });
      if (written.kind === "stored") return;
      standing = written.standing && this.#standingOf(written.standing);
    }
    throw new Error(`Cannot write key "${name}": it keeps changing`);
  }

  #remember(name: string, claimed: StandingClaim): void {
    this.#claimed.delete(name);
    this.#claimed.set(name, claimed);
    if (this.#claimed.size <= claimedMax) return;
    for (const oldest of this.#claimed.keys()) {
      this.#claimed.delete(oldest);
      return;
    }
  }

  #standingOf({ revision, value, writtenAt }: Read): StandingClaim {
    return { revision, claim: decodeClaim(value, this.#ports.timeOf(writtenAt)) };
  }

  async #present(): Promise<Time> {
    const { manager, bucket, timeOf } = this.#ports;
    return timeOf(await serverTime(manager, bucketStream(bucket)));
  }

  #key(name: string): Key {
    const { bucket } = this.#ports;
    return { stream: bucketStream(bucket), subject: keySubject(bucket, name) };
  }

  async #asked<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new IdempotencyUnavailable(`Cannot use the keys: ${reason}`, { cause });
    }
  }
}

function nameOf(tenant: string, key: string): string {
  return keyHash(tenant, key).toString("base64url");
}

/** By the server that leads the stream, which stamps what is stored there, too. */
export async function serverTime(
  manager: Pick<JetStreamManager, "streams">,
  stream: string,
): Promise<Time> {
  const { ts }: { readonly ts?: unknown } = await manager.streams.info(stream);
  const now = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  if (Number.isNaN(now)) throw new Error("the server does not tell its time");
  return now;
}
