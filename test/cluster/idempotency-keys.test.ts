/** IdempotencyKeys on a real NATS server, held to the suite of the others, and what only it can show. */
import { describe, expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock } from "#lib/clock";
import { runningMs } from "#lib/idempotency/claim";
import { IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import { keyHash } from "#lib/idempotency/key-hash";
import type { NatsLinks } from "#lib/nats/connection";
import { NatsIdempotencyKeys, serverTime } from "#lib/nats/coordination/nats-idempotency-keys";
import { duplicateWindowMs } from "#lib/nats/stream-plan";
import { bucketStream, keySubject } from "#proto/subjects";
import {
  type ClusterLogOptions,
  type TemporaryCluster,
  temporaryCluster,
} from "../conformance/cluster.ts";
import { idempotencyKeysSuite } from "../conformance/idempotency/idempotency-keys.ts";
import { failureOf } from "../support/failure.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { type LossyLinks, lossyLinks } from "../support/nats/lossy-link.ts";
import { startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const fingerprint = new Uint8Array(32);
const startMaxMs = 120_000;
const answer = Buffer.from('{"id":"01ARZ3"}');

/** A server's clock cannot be moved. What it tells is taken for later the more was let pass before. */
class ServerTime {
  readonly #now: () => Promise<number>;
  readonly #passes: { readonly at: number; readonly ms: number }[] = [];

  constructor(now: () => Promise<number>) {
    this.#now = now;
  }

  readonly timeOf = (told: number): number =>
    this.#passes.reduce((time, { at, ms }) => (told > at ? time + ms : time), told);

  async pass(ms: number): Promise<void> {
    const at = await this.#now();
    this.#passes.push({ at, ms });
    // What comes next must not be told the same millisecond.
    while ((await this.#now()) <= at);
  }
}

interface EdgeOptions {
  readonly through?: (links: NatsLinks) => NatsLinks;
  readonly timeOf?: (told: number) => number;
}

/** Keys as several edges have them. */
class Edges {
  readonly cluster: TemporaryCluster;
  readonly time: ServerTime;
  readonly #opened: NatsIdempotencyKeys[] = [];

  static async open(options: ClusterLogOptions = {}): Promise<Edges> {
    const cluster = await temporaryCluster(options);
    const { links } = await cluster.open();
    const manager = await jetstreamManager(links.publish);
    const stream = bucketStream(cluster.names.buckets.keys);
    return new Edges(cluster, new ServerTime(() => serverTime(manager, stream)));
  }

  private constructor(cluster: TemporaryCluster, time: ServerTime) {
    this.cluster = cluster;
    this.time = time;
  }

  async keys(options: EdgeOptions = {}): Promise<NatsIdempotencyKeys> {
    const { through, timeOf = this.time.timeOf } = options;
    const { links, names } = await this.cluster.open(through);
    const keys = await NatsIdempotencyKeys.open({ links, names, timeOf, clock: systemClock });
    this.#opened.push(keys);
    return keys;
  }

  async close(): Promise<void> {
    for (const keys of this.#opened) keys.close();
    await this.cluster.close();
  }
}

function losingIn(losses: LossyLinks[]) {
  return (links: NatsLinks): NatsLinks => {
    const lossy = lossyLinks(links);
    losses.push(lossy);
    return lossy.links;
  };
}

async function fullForgetsNone(options: ClusterLogOptions = {}): Promise<void> {
  const edges = await Edges.open({ ...options, keysBytesMax: 64 * 1024 });
  const [keys, other] = [await edges.keys(), await edges.keys()];
  await keys.begin("acme", "finished", fingerprint, "u0");
  await keys.finish("acme", "finished", answer);
  const kinds = new Set<string>();
  let refused: unknown;
  for (let n = 0; refused === undefined && n < 1_000; n++) {
    try {
      kinds.add((await keys.begin("acme", `k${n}`, fingerprint, `u${n}`)).kind);
    } catch (error) {
      refused = error;
    }
  }
  expect(refused).toBeInstanceOf(IdempotencyUnavailable);
  expect(String(refused)).toContain("maximum bytes exceeded");
  expect([...kinds]).toEqual(["new"]);
  const again = await other.begin("acme", "finished", fingerprint, "u");
  expect(again).toEqual({ kind: "finished", answer: new Uint8Array(answer) });
  expect(await other.begin("acme", "k0", fingerprint, "u")).toEqual({ kind: "running" });
  await edges.close();
}

describe.skipIf(noNats !== undefined)(titled("idempotency keys in NATS", noNats), () => {
  idempotencyKeysSuite("NATS", async () => {
    const edges = await Edges.open();
    return {
      ...{ keys: await edges.keys(), other: await edges.keys(), knownMs: duplicateWindowMs },
      pass: (ms) => edges.time.pass(ms),
      close: () => edges.close(),
    };
  });

  test("a claim, and an answer, that the server has not answered for are found by the next try", async () => {
    const edges = await Edges.open();
    const losses: LossyLinks[] = [];
    const keys = await edges.keys({ through: losingIn(losses) });
    const [loss] = losses;
    loss?.loseAnswers(1);
    expect(await keys.begin("acme", "k", fingerprint, "u1")).toEqual({ kind: "new", uid: "u1" });
    loss?.loseAnswers(1);
    await keys.finish("acme", "k", answer);
    expect(loss?.lost).toBe(2);
    const again = await keys.begin("acme", "k", fingerprint, "u2");
    expect(again).toEqual({ kind: "finished", answer: new Uint8Array(answer) });
    await edges.close();
  });

  test("who took a claim over and was not answered has it, and nobody else", async () => {
    const edges = await Edges.open();
    const keys = await edges.keys();
    const losses: LossyLinks[] = [];
    const slow = await edges.keys({
      through: losingIn(losses),
      // Asked for when it is known what stands there, and before that is taken over.
      timeOf: (told) => {
        losses[0]?.loseAnswers(1);
        return edges.time.timeOf(told);
      },
    });
    await keys.begin("acme", "k", fingerprint, "u1");
    await edges.time.pass(runningMs);
    const taken = await slow.begin("acme", "k", fingerprint, "u2");
    expect(taken).toMatchObject({ kind: "resumed", uid: "u1" });
    expect(losses[0]?.lost).toBe(1);
    expect(await keys.begin("acme", "k", fingerprint, "u3")).toEqual({ kind: "running" });
    await edges.close();
  });

  test("what is full takes no new key, at once, and forgets none", () => fullForgetsNone());

  test(
    "three servers, too",
    async () => {
      const nats = await startNats({ nodes: 3 });
      await fullForgetsNone({ servers: nats.servers, replicas: 3 });
      await nats.stop();
    },
    startMaxMs,
  );

  test("nothing is claimed while there is no connection", async () => {
    const edges = await Edges.open();
    const { links, names } = await edges.cluster.open();
    const clock = new ManualClock();
    const keys = await NatsIdempotencyKeys.open({ links, names, clock });
    await links.publish.close();
    const failed = failureOf(keys.begin("acme", "k", fingerprint, "u1"));
    const isOver = failed.then(() => true);
    while (!(await Promise.race([isOver, Promise.resolve(false)]))) clock.advance(1_000);
    expect(await failed).toBeInstanceOf(IdempotencyUnavailable);
    keys.close();
    await edges.close();
  });

  test("a key stands under a name that tells nothing of it", async () => {
    const edges = await Edges.open();
    const { links, names } = await edges.cluster.open();
    const keys = await edges.keys();
    await keys.begin("acme", "order 4711", fingerprint, "u1");
    const manager = await jetstreamManager(links.publish);
    const { keys: bucket } = names.buckets;
    const { state } = await manager.streams.info(bucketStream(bucket), { subjects_filter: ">" });
    const subject = keySubject(bucket, keyHash("acme", "order 4711").toString("base64url"));
    expect(state.subjects).toEqual({ [subject]: 1 });
    await edges.close();
  });
});
