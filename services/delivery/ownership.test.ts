import { describe, expect, test } from "bun:test";
import type { Lease, Leases, Member } from "#lib/leases/leases";
import { MemoryLeases } from "#lib/leases/memory";
import { allShards, ownerOf } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { incarnation, shard } from "../../test/support/records.ts";
import { defaultTimings } from "./config.ts";
import { noMetrics } from "./metrics.ts";
import { Ownership } from "./ownership.ts";

const shards = 8;
const stableMs = defaultTimings.stableMembershipMs;
const unlimited = new AbortController().signal;
const [a, b] = [incarnation("a/1"), incarnation("b/1")];

class Cluster {
  readonly clock = new VirtualClock();
  readonly leases = new MemoryLeases({ clock: this.clock });
  readonly journal = new MemoryLog({ clock: this.clock, shards }).journal();
  readonly owned = new Map<Incarnation, Set<Shard>>();
  readonly claims: { readonly me: Incarnation; readonly lease: Lease | undefined }[] = [];
  /** Claims that fail behind the lease. */
  isTakeoverBroken = false;
  isGiveBackBroken = false;
  /** Claims that fail, and are on their way. */
  readonly late: (() => Promise<unknown>)[] = [];
  areClaimsLate = false;
  /** Whom a worker finds in the bucket when it comes, dead for others already. */
  left: (me: Incarnation) => readonly Member[] = () => [];
  /** What happens before a lease is read. */
  reading: (which: Shard) => Promise<unknown> = async () => {};

  worker(me: Incarnation): Ownership {
    const owned = new Set<Shard>();
    this.owned.set(me, owned);
    this.#beat(me);
    const { clock, leases, journal } = this;
    return new Ownership({
      me,
      shards,
      leases: this.#leasesOf(me),
      journal,
      clock,
      log: silentLog,
      metrics: noMetrics,
      timings: defaultTimings,
      owned: () => [...owned],
      claimed: async (which, _epoch, lease) => {
        if (this.isTakeoverBroken) throw new Error("the store is away");
        this.claims.push({ me, lease });
        owned.add(which);
      },
      giveBack: async (which) => {
        if (this.isGiveBackBroken) return false;
        owned.delete(which);
        const lease = await leases.read(which);
        if (lease?.epoch === undefined) return false;
        await leases.release(which, lease.epoch, { floor: 7, journals: [] });
        return true;
      },
    });
  }

  #leasesOf(me: Incarnation): Leases {
    const view = this.leases.view({ clock: this.clock });
    const claimNow = view.claim.bind(view);
    const claim: Leases["claim"] = async (...claimed) => {
      if (!this.areClaimsLate) return await claimNow(...claimed);
      this.late.push(() => claimNow(...claimed));
      throw new Error("no answer yet");
    };
    const readNow = view.read.bind(view);
    const read: Leases["read"] = async (which) => {
      await this.reading(which);
      return await readNow(which);
    };
    const membersNow = view.members.bind(view);
    const members: Leases["members"] = async () => [...(await membersNow()), ...this.left(me)];
    return Object.assign(view, { claim, read, members });
  }

  /** Until its process is gone. */
  #beat(me: Incarnation): void {
    if (!this.owned.has(me)) return;
    void this.leases.heartbeat(me, "staying");
    this.clock.after(defaultTimings.heartbeatMs, () => this.#beat(me));
  }

  /** A member that does nothing. */
  join(me: Incarnation): void {
    this.owned.set(me, new Set());
    this.#beat(me);
  }

  async start(ownership: Ownership): Promise<void> {
    const started = ownership.start();
    await this.clock.advance(0);
    await started;
  }

  async kill(me: Incarnation, ownership: Ownership): Promise<void> {
    await ownership.stop(unlimited);
    this.owned.delete(me);
  }

  get owners(): readonly (Incarnation | undefined)[] {
    return Array.from({ length: shards }, (_, n) => {
      return [...this.owned].find(([, mine]) => mine.has(shard(n)))?.[0];
    });
  }
}

const wanted = (members: readonly Incarnation[]) =>
  Array.from({ length: shards }, (_, n) => ownerOf(shard(n), members));

describe("Ownership", () => {
  test("a worker alone has all shards, once membership has been the same for a while", async () => {
    const cluster = new Cluster();
    const worker = cluster.worker(a);
    await cluster.start(worker);
    expect(cluster.owners.filter((owner) => owner !== undefined)).toEqual([]);
    await cluster.clock.advance(stableMs + 3_000);
    expect(cluster.owners).toEqual(wanted([a]));
    await worker.stop(unlimited);
  });

  test("a second one gets its part, in good order", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.worker(a), cluster.worker(b)];
    await cluster.start(first);
    await cluster.clock.advance(stableMs + 3_000);
    await cluster.start(second);
    await cluster.clock.advance(2 * stableMs + 6_000);
    expect(cluster.owners).toEqual(wanted([a, b]));
    const moved = cluster.claims.filter(({ me, lease }) => me === b && lease !== undefined);
    for (const { lease } of moved) expect(lease?.owner).toBeUndefined();
    await Promise.all([first.stop(unlimited), second.stop(unlimited)]);
  });

  test("what a dead one had is claimed when its heartbeat has expired, and its journal is sealed", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.worker(a), cluster.worker(b)];
    await cluster.start(first);
    await cluster.start(second);
    await cluster.clock.advance(2 * stableMs + 6_000);
    await cluster.kill(b, second);
    await cluster.clock.advance(25_000);
    expect(cluster.owners).not.toEqual(wanted([a]));
    await cluster.clock.advance(20_000);
    expect(cluster.owners).toEqual(wanted([a]));
    await expect(cluster.journal.append(b, [])).rejects.toThrow("sealed");
    await first.stop(unlimited);
  });

  test("who came and claimed while a claim waited for its turn is not taken for dead", async () => {
    const cluster = new Cluster();
    const worker = cluster.worker(a);
    cluster.reading = async (which) => {
      if (!cluster.owned.has(b)) cluster.join(b);
      await cluster.leases.claim(which, b, undefined);
    };
    await cluster.start(worker);
    await cluster.clock.advance(stableMs + 3_000);
    expect((await cluster.leases.read(shard(0)))?.owner).toBe(b);
    expect(await cluster.journal.append(b, [])).toBe(1);
    await worker.stop(unlimited);
  });

  test("a takeover that broke off is tried again", async () => {
    const cluster = new Cluster();
    cluster.isTakeoverBroken = true;
    const worker = cluster.worker(a);
    await cluster.start(worker);
    await cluster.clock.advance(stableMs + 6_000);
    expect(cluster.owners.some((owner) => owner !== undefined)).toBe(false);
    cluster.isTakeoverBroken = false;
    await cluster.clock.advance(3_000);
    expect(cluster.owners).toEqual(wanted([a]));
    await worker.stop(unlimited);
  });

  test("a newcomer has its part at once, although it has not seen yet that another is dead", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.worker(a), cluster.worker(b)];
    await cluster.start(first);
    await cluster.clock.advance(stableMs + 3_000);
    const dead = incarnation("b/0");
    const came = cluster.clock.monotonic();
    cluster.left = (me) => {
      const silentMs = cluster.clock.monotonic() - came;
      return me === a ? [] : [{ incarnation: dead, standing: "staying", silentMs }];
    };
    // The dead one would have some of what is the newcomer's.
    expect(wanted([a, b, dead])).not.toEqual(wanted([a, b]));
    await cluster.start(second);
    await cluster.clock.advance(2 * stableMs);
    expect(cluster.owners).toEqual(wanted([a, b]));
    await Promise.all([first.stop(unlimited), second.stop(unlimited)]);
  });

  test("a dead one's shards do not wait until a newcomer knows that it is dead", async () => {
    const cluster = new Cluster();
    const dead = incarnation("b/0");
    const [first, dying] = [cluster.worker(a), cluster.worker(dead)];
    await cluster.start(first);
    await cluster.start(dying);
    await cluster.clock.advance(30_000);
    await cluster.kill(dead, dying);
    await cluster.clock.advance(20_000);
    const second = cluster.worker(b);
    const came = cluster.clock.monotonic();
    cluster.left = (me) => {
      const silentMs = cluster.clock.monotonic() - came;
      if (me === a || silentMs >= 30_000) return [];
      return [{ incarnation: dead, standing: "staying", silentMs }];
    };
    await cluster.start(second);
    await cluster.clock.advance(20_000);
    expect(cluster.clock.monotonic() - came).toBeLessThan(30_000);
    expect(cluster.owners).toEqual(wanted([a, b]));
    await Promise.all([first.stop(unlimited), second.stop(unlimited)]);
  });

  test("what could not be given back, nor taken over, is let go for who should have it", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.worker(a), cluster.worker(b)];
    cluster.isTakeoverBroken = true;
    await cluster.start(first);
    await cluster.clock.advance(stableMs + 3_000);
    await cluster.start(second);
    cluster.isTakeoverBroken = false;
    await cluster.clock.advance(2 * stableMs + 9_000);
    expect(cluster.owners).toEqual(wanted([a, b]));
    await Promise.all([first.stop(unlimited), second.stop(unlimited)]);
  });

  test("a claim that comes to stand long after it failed is let go for who should have it", async () => {
    const cluster = new Cluster();
    cluster.areClaimsLate = true;
    const worker = cluster.worker(a);
    await cluster.start(worker);
    await cluster.clock.advance(stableMs + 3_000);
    // Another is there, that does not get to claim anything.
    cluster.join(b);
    await cluster.clock.advance(2 * stableMs + 6_000);
    cluster.areClaimsLate = false;
    for (const arrive of cluster.late) await arrive();
    await cluster.clock.advance(9_000);
    for (const which of allShards(shards)) {
      const expected = ownerOf(which, [a, b]) === a ? a : undefined;
      expect((await cluster.leases.read(which))?.owner).toBe(expected);
    }
    await worker.stop(unlimited);
  });

  test("after the stop nothing is claimed", async () => {
    const cluster = new Cluster();
    const worker = cluster.worker(a);
    await cluster.start(worker);
    await worker.stop(unlimited);
    await cluster.clock.advance(60_000);
    expect(cluster.claims).toEqual([]);
  });
});
