/** Leases and Bus on a real NATS server, held to the suites of the others, and what only it can show. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { type Clock, systemClock } from "#lib/clock";
import { AnswerFailed, type Bus, NobodyAnswers } from "#lib/leases/bus";
import { epochOf, Fenced, type Leases } from "#lib/leases/leases";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { readKey, writeKey } from "#lib/nats/coordination/key-cell";
import { NatsBus } from "#lib/nats/coordination/nats-bus";
import { NatsLeases } from "#lib/nats/coordination/nats-leases";
import { Publisher } from "#lib/nats/publishing/publisher";
import { plannedStreams } from "#lib/nats/stream-plan";
import { applyStreams } from "#lib/nats/streams";
import type { Shard } from "#lib/queue/unit";
import { silentLog } from "#lib/telemetry/log";
import { bucketStream, type ClusterNames, clusterNames, keySubject } from "#proto/subjects";
import { type BusWorld, busSuite } from "../conformance/bus.ts";
import { type LeasesWorld, leasesSuite } from "../conformance/leases.ts";
import { failureOf } from "../support/failure.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { laggingLinks } from "../support/nats/lagging-link.ts";
import { incarnation, shard } from "../support/records.ts";
import { sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const mebibyte = 1024 * 1024;
const [one, two] = [incarnation("w1/1"), incarnation("w2/1")];
const checkpoint = (floor: number) => ({ floor, journals: [{ writer: one, position: floor }] });
let made = 0;

/** Buckets of its own on the shared server. */
class Buckets {
  readonly names: ClusterNames;
  readonly links: NatsLinks;
  readonly #closing: (() => void)[] = [];

  static async open(): Promise<Buckets> {
    const { servers } = await sharedNats();
    const links = await connectNats({ servers, name: "test", clock: systemClock, log: silentLog });
    made += 1;
    const buckets = new Buckets(links, clusterNames(`lease${made}`));
    const { refusals } = await applyStreams(links, buckets.#wanted);
    if (refusals.length > 0) throw new Error(refusals.join("\n"));
    return buckets;
  }

  private constructor(links: NatsLinks, names: ClusterNames) {
    this.links = links;
    this.names = names;
  }

  /** As one more process sees them. */
  async leases(clock: Clock = systemClock): Promise<NatsLeases> {
    const { links, names } = this;
    const leases = await NatsLeases.open({ links, names, clock, log: silentLog });
    this.#closing.push(() => leases.close());
    return leases;
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
    const manager = await jetstreamManager(this.links.publish);
    const streams = plannedStreams(this.#wanted).map(({ name }) => name);
    await Promise.all(streams.map((name) => manager.streams.delete(name)));
    await this.links.close();
  }

  get #wanted() {
    return {
      ...{ names: this.names, shards: 1, replicas: 1, bodyAgeMs: 86_400_000 },
      ...{ shardBytesMax: mebibyte, splitBytesMax: mebibyte },
      ...{ bodyBytesMax: mebibyte, journalBytesMax: mebibyte, keysBytesMax: mebibyte },
    };
  }
}

async function leasesWorld(buckets: Buckets, clock: ManualClock): Promise<LeasesWorld> {
  return {
    leases: await buckets.leases(clock),
    pass: async (ms) => clock.advance(ms),
    close: () => buckets.close(),
    reopen: async () => {
      // Its members' heartbeats are not believed for longer than they are valid.
      const manager = await jetstreamManager(buckets.links.publish);
      await manager.streams.purge(`KV_${buckets.names.buckets.workers}`);
      return await leasesWorld(buckets, clock);
    },
  };
}

/** Requests and answers that are on their way arrive: what is sent here comes behind them. */
async function settled({ publish, consume }: NatsLinks): Promise<void> {
  for (let n = 0; n < 4; n++) {
    await publish.flush();
    await consume.flush();
  }
}

async function busWorld(): Promise<BusWorld> {
  const buckets = await Buckets.open();
  const { links, names } = buckets;
  const clock = new ManualClock();
  const serving = new Set<ReturnType<typeof incarnation>>();
  const members = async () =>
    [...serving].map((name) => {
      return { incarnation: name, standing: "staying" as const, silentMs: 0 };
    });
  const inner = new NatsBus({ links, names, leases: { members }, clock, log: silentLog });
  const bus: Bus = {
    ask: async (which, request) => {
      await settled(links);
      return await inner.ask(which, request);
    },
    askWorker: async (name, request) => {
      await settled(links);
      return await inner.askWorker(name, request);
    },
    askAll: async (request) => {
      await settled(links);
      const asking = inner.askAll(request);
      await settled(links);
      return await asking;
    },
    serveShard: (which, handler) => inner.serveShard(which, handler),
    serveWorker: (worker) => {
      serving.add(worker.name);
      const end = inner.serveWorker(worker);
      return () => {
        serving.delete(worker.name);
        end();
      };
    },
  };
  const pass = async (ms: number) => {
    await settled(links);
    await settled(links);
    clock.advance(ms);
  };
  return { bus, pass, close: () => buckets.close() };
}

describe.skipIf(noNats !== undefined)(titled("leases and bus", noNats), () => {
  beforeAll(async () => {
    await sharedNats();
  });

  leasesSuite("NATS", async () => leasesWorld(await Buckets.open(), new ManualClock()));
  busSuite("NATS", busWorld);
  members();
  leases();
  bus();
});

function members(): void {
  describe("members on NATS", () => {
    let buckets: Buckets;
    beforeAll(async () => {
      buckets = await Buckets.open();
    });
    afterAll(() => buckets.close());

    test("are seen by every process, and their standing", async () => {
      const [mine, others] = [await buckets.leases(), await buckets.leases()];
      await mine.heartbeat(one, "staying");
      await others.heartbeat(two, "leaving");
      const seen = (await others.members()).map((m) => [m.incarnation, m.standing]).sort();
      expect(seen).toEqual([
        [one, "staying"],
        [two, "leaving"],
      ]);
      await mine.leave(one);
      await others.leave(two);
      expect(await others.members()).toEqual([]);
    });

    test("whose heartbeats this process slept through are no dead", async () => {
      const clock = new ManualClock();
      const sleeper = await buckets.leases(clock);
      const awake = await buckets.leases();
      await awake.heartbeat(one, "staying");
      expect(await sleeper.members()).toHaveLength(1);
      // For us a minute passes in a moment, as behind a pause; the heartbeat is there, but unheard.
      clock.advance(60_000);
      await awake.heartbeat(one, "staying");
      expect(await sleeper.members()).toHaveLength(1);
      clock.advance(60_000);
      expect(await sleeper.members()).toEqual([]);
    });

    test("who is new is not passed over by a watch that lags", async () => {
      const { links, lag, catchUp } = laggingLinks(buckets.links);
      const { names } = buckets;
      const lagging = await NatsLeases.open({ links, names, clock: systemClock, log: silentLog });
      const other = await buckets.leases();
      await other.heartbeat(one, "staying");
      expect(await lagging.members()).toHaveLength(1);
      lag();
      await other.heartbeat(two, "staying");
      const asked = lagging.members();
      expect(await other.members()).toHaveLength(2);
      catchUp();
      expect(await asked).toHaveLength(2);
      lagging.close();
      await other.leave(one);
      await other.leave(two);
    });

    test("are asked for by many at once for the price of two", async () => {
      const leases = await buckets.leases();
      const manager = await jetstreamManager(buckets.links.publish);
      const stream = bucketStream(buckets.names.buckets.workers);
      const before = (await manager.streams.info(stream)).state.last_seq;
      await Promise.all(Array.from({ length: 50 }, () => leases.members()));
      const after = (await manager.streams.info(stream)).state.last_seq;
      expect(after - before).toBe(2);
    });

    test("who may be dead is not called so while there is no connection", async () => {
      const { servers } = await sharedNats();
      const clock = new ManualClock();
      const log = silentLog;
      const links = await connectNats({ servers, name: "test", clock: systemClock, log });
      const cutOff = await NatsLeases.open({ links, names: buckets.names, clock, log });
      const other = await buckets.leases();
      await other.heartbeat(one, "staying");
      expect(await cutOff.members()).toHaveLength(1);
      await links.close();
      clock.advance(31_000);
      expect(String(await failureOf(cutOff.members()))).toContain("no connection");
      cutOff.close();
      await other.leave(one);
    });
  });
}

function leases(): void {
  describe("leases on NATS", () => {
    let buckets: Buckets;
    let mine: Leases;
    let others: Leases;
    beforeAll(async () => {
      buckets = await Buckets.open();
      [mine, others] = [await buckets.leases(), await buckets.leases()];
    });
    afterAll(() => buckets.close());

    test("a claim stands only where that stands which was read", async () => {
      const epoch = await mine.claim(shard(0), one, undefined);
      if (epoch === undefined) throw new Error("nobody else claims");
      const read = await others.read(shard(0));
      await mine.checkpoint(shard(0), epoch, checkpoint(7));
      // The claimant would not know of the checkpoint, and replay too little.
      expect(await others.claim(shard(0), two, read?.epoch)).toBeUndefined();
      const again = await others.read(shard(0));
      expect(again?.checkpoint).toEqual(checkpoint(7));
      expect(await others.claim(shard(0), two, again?.epoch)).toBe(epochOf(2));
      expect(await failureOf(mine.checkpoint(shard(0), epoch, checkpoint(8)))).toBeInstanceOf(
        Fenced,
      );
    });

    test("who restarts goes on under the epoch that it reads", async () => {
      const epoch = await mine.claim(shard(1), one, undefined);
      if (epoch === undefined) throw new Error("nobody else claims");
      await others.checkpoint(shard(1), epoch, checkpoint(3));
      await mine.checkpoint(shard(1), epoch, checkpoint(4));
      await others.release(shard(1), epoch, checkpoint(5));
      expect(await mine.read(shard(1))).toEqual({ epoch, checkpoint: checkpoint(5) });
    });

    test("a shard is released without its limits where the server would not take them", async () => {
      const epoch = await mine.claim(shard(3), one, undefined);
      if (epoch === undefined) throw new Error("nobody else claims");
      const limits = new Uint8Array(buckets.links.publish.info?.max_payload ?? 0);
      await mine.release(shard(3), epoch, { ...checkpoint(5), limits });
      expect(await others.read(shard(3))).toEqual({ epoch, checkpoint: checkpoint(5) });
    });

    describe("a write whose answer was lost", () => {
      const value = new Uint8Array([1, 2, 3]);

      /** Stores what it is given, or another's value before it, and loses the first answer. */
      async function writing(key: string, before?: Uint8Array) {
        const { links } = buckets;
        const manager = await jetstreamManager(links.publish);
        const publisher = new Publisher({ link: links.publishLink, clock: systemClock });
        const { shards } = buckets.names.buckets;
        const at = { stream: bucketStream(shards), subject: keySubject(shards, key) };
        let isLost = true;
        const publish: Publisher["publish"] = async (publication) => {
          const answer = await publisher.publish(
            isLost && before !== undefined ? { ...publication, data: before } : publication,
          );
          if (!isLost) return answer;
          isLost = false;
          return { kind: "unanswered", reason: "lost" };
        };
        const ports = { publisher: { publish }, manager, clock: systemClock };
        const written = await writeKey(ports, at, { revision: 0, value });
        const standing = await readKey(ports, at);
        publisher.close();
        return { written, standing };
      }

      test("is found where it stands", async () => {
        const { written, standing } = await writing("900");
        expect(written).toEqual({ kind: "stored", revision: standing?.revision ?? 0 });
        expect(standing?.value).toEqual(value);
      });

      test("is not taken for another's that stands there", async () => {
        const other = new Uint8Array([9]);
        const { written, standing } = await writing("901", other);
        expect(written).toMatchObject({ kind: "another", standing: { value: other } });
        expect(standing?.value).toEqual(other);
      });
    });

    test("a release is told to those who watch, in other processes too", async () => {
      const epoch = await mine.claim(shard(2), one, undefined);
      if (epoch === undefined) throw new Error("nobody else claims");
      const told = Promise.withResolvers<Shard>();
      const end = others.watch((which) => which === shard(2) && told.resolve(which));
      // A watch tells of what is released behind its beginning: until it has begun, again.
      let isTold = false;
      void told.promise.then(() => {
        isTold = true;
      });
      for (let n = 0; n < 200 && !isTold; n++) await mine.release(shard(2), epoch, checkpoint(n));
      expect(await told.promise).toBe(shard(2));
      end();
    });
  });
}

function bus(): void {
  describe("the bus on NATS", () => {
    let buckets: Buckets;
    beforeAll(async () => {
      buckets = await Buckets.open();
    });
    afterAll(() => buckets.close());

    const request = { verb: "x", arguments: {} };
    const busOf = (
      names: readonly ReturnType<typeof incarnation>[],
      clock: Clock = systemClock,
    ) => {
      const { links } = buckets;
      const found = names.map((name) => {
        return { incarnation: name, standing: "staying" as const, silentMs: 0 };
      });
      const members = async () => found;
      return new NatsBus({
        ...{ links, names: buckets.names, leases: { members }, clock, log: silentLog },
      });
    };

    test("an answer of many megabytes comes in parts", async () => {
      const large = Array.from({ length: 5_000 }, (_, n) => `${n}`.padEnd(1_000, "x"));
      const own = busOf([one]);
      const end = own.serveWorker({ name: one, shards: () => [], handler: async () => large });
      await settled(buckets.links);
      const { answers } = await own.askAll(request);
      expect(answers[0]?.value).toEqual(large);
      end();
    });

    test("an answer beyond all bounds is refused with a reason, and so is such a request", async () => {
      const own = busOf([one]);
      const huge = Array.from({ length: 40_000 }, () => "x".repeat(1_000));
      const end = own.serveShard(shard(0), async () => huge);
      await settled(buckets.links);
      const failure = await failureOf(own.ask(shard(0), request));
      expect(failure).toBeInstanceOf(AnswerFailed);
      expect(String(failure)).toContain("too large");
      const text = "x".repeat(buckets.links.publish.info?.max_payload ?? 0);
      const asked = { verb: "x", arguments: { text } };
      expect(String(await failureOf(own.ask(shard(0), asked)))).toContain("too many");
      end();
    });

    test("a member that nobody hears is named", async () => {
      const clock = new ManualClock();
      const own = busOf([one, two], clock);
      const end = own.serveWorker({ name: one, shards: () => [], handler: async () => 1 });
      await settled(buckets.links);
      const asking = own.askAll(request);
      await settled(buckets.links);
      clock.advance(10_000);
      const { answers, silent } = await asking;
      expect(answers.map(({ from }) => from)).toEqual([one]);
      expect(silent.map(({ from }) => from)).toEqual([two]);
      end();
      await settled(buckets.links);
      expect(await failureOf(own.ask(shard(9), request))).toBeInstanceOf(NobodyAnswers);
    });

    test("while nobody can know who lives, those are named who were there last", async () => {
      const clock = new ManualClock();
      const { links, names } = buckets;
      let isKnown = true;
      const members = async () => {
        if (!isKnown) throw new Error("no leader");
        return [{ incarnation: two, standing: "staying" as const, silentMs: 0 }];
      };
      const own = new NatsBus({ links, names, leases: { members }, clock, log: silentLog });
      const end = own.serveWorker({ name: one, shards: () => [], handler: async () => 1 });
      for (isKnown of [true, false]) {
        await settled(links);
        const asking = own.askAll(request);
        await settled(links);
        clock.advance(500);
        const { answers, silent } = await asking;
        expect(answers.map(({ from }) => from)).toEqual([one]);
        expect(silent.map(({ from }) => from)).toEqual([two]);
      }
      end();
    });

    test("who is gone, or has long been silent, is waited for no longer than the others", async () => {
      const three = incarnation("w3/1");
      const clock = new ManualClock();
      const found = [one, two, three].map((name) => ({
        ...{ incarnation: name, standing: "staying" as const },
        silentMs: name === three ? 12_000 : 1_000,
      }));
      const { links, names } = buckets;
      const leases = { members: async () => found };
      const own = new NatsBus({ links, names, leases, clock, log: silentLog });
      const never = () => new Promise<never>(() => {});
      const ends = [
        own.serveWorker({ name: one, shards: () => [shard(0)], handler: async () => 1 }),
        own.serveWorker({ name: three, shards: () => [], handler: never }),
      ];
      await settled(links);
      const asking = own.askAll(request);
      await settled(links);
      clock.advance(500);
      const { answers, silent } = await asking;
      expect(answers.map(({ from }) => from)).toEqual([one]);
      expect(silent).toEqual([
        { from: two, reason: "it is not connected any more", silentMs: 1_000 },
        { from: three, reason: "its heartbeats do not come", silentMs: 12_000 },
      ]);
      for (const end of ends) end();
    });

    test("where nobody is left, each is told to be gone", async () => {
      const clock = new ManualClock();
      const asking = busOf([one], clock).askAll(request);
      await settled(buckets.links);
      clock.advance(500);
      const reason = "it is not connected any more";
      expect(await asking).toEqual({ answers: [], silent: [{ from: one, reason, silentMs: 0 }] });
    });

    test("who is there and slow is waited for", async () => {
      const clock = new ManualClock();
      const own = busOf([one], clock);
      const slow = Promise.withResolvers<number>();
      const end = own.serveWorker({ name: one, shards: () => [], handler: () => slow.promise });
      await settled(buckets.links);
      const asking = own.askAll(request);
      await settled(buckets.links);
      clock.advance(4_000);
      await settled(buckets.links);
      slow.resolve(7);
      expect((await asking).answers.map(({ value }) => value)).toEqual([7]);
      end();
    });
  });
}
