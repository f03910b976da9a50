/** What every inhabitant of Leases must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Checkpoint, type Epoch, Fenced, type Leases } from "#lib/leases/leases";
import type { Incarnation } from "#lib/stream/journal";
import { failureOf } from "../support/failure.ts";
import { incarnation, shard } from "../support/records.ts";

export interface LeasesWorld {
  readonly leases: Leases;
  /** Lets time pass for the expiry of heartbeats. */
  readonly pass: (ms: number) => Promise<void>;
  /** Absent where nothing outlives the process. */
  readonly reopen?: () => Promise<LeasesWorld>;
  readonly close: () => Promise<void>;
}

const zero = shard(0);
const one = incarnation("w1/1");
const two = incarnation("w2/1");
const at = (floor: number, ...writers: Incarnation[]): Checkpoint => ({
  floor,
  journals: [one, ...writers].map((writer, i) => ({ writer, position: floor + i })),
});

export function leasesSuite(name: string, open: () => Promise<LeasesWorld>): void {
  describe(`${name}: Leases`, () => {
    let world: LeasesWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    members(() => world);
    claims(() => world.leases);
    watching(() => world.leases);
    fencing(() => world.leases);

    test("a lease outlives its process: owner, epoch and checkpoint", async () => {
      const epoch = await mustClaim(world.leases, one);
      await world.leases.checkpoint(zero, epoch, at(41));
      if (world.reopen === undefined) return; // Skipped: nothing outlives memory leases.
      world = await world.reopen();
      expect(await world.leases.members()).toEqual([]);
      expect(await world.leases.read(zero)).toEqual({ owner: one, epoch, checkpoint: at(41) });
      expect(await mustClaim(world.leases, two)).toBeGreaterThan(epoch);
      expect((await world.leases.read(zero))?.checkpoint).toEqual(at(41));
    });
  });
}

async function mustClaim(leases: Leases, me = one): Promise<Epoch> {
  const epoch = await leases.claim(zero, me, (await leases.read(zero))?.epoch);
  if (epoch === undefined) throw new Error("nobody else claims");
  return epoch;
}

async function living(leases: Leases): Promise<readonly Incarnation[]> {
  return (await leases.members()).map(({ incarnation: member }) => member).sort();
}

function members(world: () => LeasesWorld): void {
  test("those who tell that they live are members, until they leave", async () => {
    const { leases } = world();
    expect(await leases.members()).toEqual([]);
    await leases.heartbeat(one, "staying");
    await leases.heartbeat(two, "staying");
    await leases.heartbeat(one, "staying");
    expect(await living(leases)).toEqual([one, two]);
    await leases.leave(one);
    await leases.leave(one);
    expect(await living(leases)).toEqual([two]);
  });

  test("who was silent for 30 s is no member any more", async () => {
    const { leases, pass } = world();
    await leases.heartbeat(one, "staying");
    expect(await living(leases)).toEqual([one]);
    await pass(20_000);
    await leases.heartbeat(two, "staying");
    expect(await leases.members()).toHaveLength(2);
    await pass(10_000);
    expect(await living(leases)).toEqual([two]);
    await leases.heartbeat(one, "staying");
    expect(await leases.members()).toHaveLength(2);
  });

  test("who is leaving is a member that says so, and how long it was not heard", async () => {
    const { leases, pass } = world();
    await leases.heartbeat(one, "staying");
    await leases.heartbeat(two, "staying");
    await leases.heartbeat(one, "leaving");
    await leases.members();
    await pass(4_000);
    const found = [...(await leases.members())].sort((a, b) =>
      a.incarnation < b.incarnation ? -1 : 1,
    );
    expect(found.map((m) => [m.incarnation, m.standing])).toEqual([
      [one, "leaving"],
      [two, "staying"],
    ]);
    for (const { silentMs } of found) {
      expect(silentMs).toBeGreaterThanOrEqual(4_000);
      expect(silentMs).toBeLessThan(30_000);
    }
  });
}

function watching(leases: () => Leases): void {
  test("who watches may be told of what was released, and of nothing else", async () => {
    const told: number[] = [];
    const end = leases().watch((which) => told.push(which));
    const epoch = await mustClaim(leases());
    await leases().checkpoint(zero, epoch, at(1));
    await leases().release(zero, epoch, at(2));
    const other = await leases().claim(shard(1), two, undefined);
    end();
    end();
    expect(other).toBeDefined();
    expect(told.filter((which) => which !== zero)).toEqual([]);
  });
}

function claims(leases: () => Leases): void {
  test("a shard that was never claimed has no lease", async () => {
    expect(await leases().read(zero)).toBeUndefined();
  });

  test("a claim gives a rising epoch", async () => {
    const first = await mustClaim(leases());
    expect(await leases().read(zero)).toEqual({ owner: one, epoch: first });
    const second = await mustClaim(leases(), two);
    expect(second).toBeGreaterThan(first);
    expect(await leases().read(zero)).toEqual({ owner: two, epoch: second });
  });

  test("of two who read the same epoch one gets the shard", async () => {
    const claim = (me: typeof one) => leases().claim(zero, me, undefined);
    const epochs = await Promise.all([claim(one), claim(two)]);
    expect(epochs.filter((e) => e !== undefined)).toHaveLength(1);
    const owner = epochs[0] === undefined ? two : one;
    expect((await leases().read(zero))?.owner).toBe(owner);
    const read = (await leases().read(zero))?.epoch;
    const again = await Promise.all([
      leases().claim(zero, one, read),
      leases().claim(zero, two, read),
    ]);
    expect(again.filter((e) => e !== undefined)).toHaveLength(1);
  });

  test("a claim by an epoch that is past, or by none, is refused", async () => {
    const first = await mustClaim(leases());
    await mustClaim(leases(), two);
    expect(await leases().claim(zero, one, first)).toBeUndefined();
    expect(await leases().claim(zero, one, undefined)).toBeUndefined();
  });

  test("shards are claimed one by one", async () => {
    await mustClaim(leases());
    expect(await leases().read(shard(1))).toBeUndefined();
  });

  test("who claims sees how far the one before had come", async () => {
    const epoch = await mustClaim(leases());
    await leases().checkpoint(zero, epoch, at(10));
    await leases().checkpoint(zero, epoch, at(20));
    const next = await mustClaim(leases(), two);
    expect(await leases().read(zero)).toEqual({ owner: two, epoch: next, checkpoint: at(20) });
  });

  test("a released shard has no owner, but its checkpoint", async () => {
    const epoch = await mustClaim(leases());
    await leases().release(zero, epoch, at(30));
    const lease = await leases().read(zero);
    expect(lease?.owner).toBeUndefined();
    expect(lease?.checkpoint).toEqual(at(30));
    expect(await mustClaim(leases(), two)).toBeGreaterThan(epoch);
  });

  test("a shard is released with its limits, until the next owner writes a checkpoint", async () => {
    const limits = new Uint8Array(60_000).map((_, n) => n % 251);
    const epoch = await mustClaim(leases());
    await leases().release(zero, epoch, { ...at(30), limits });
    const told = (await leases().read(zero))?.checkpoint?.limits ?? new Uint8Array();
    expect(Buffer.compare(told, limits)).toBe(0);
    const next = await mustClaim(leases(), two);
    await leases().checkpoint(zero, next, at(31));
    expect((await leases().read(zero))?.checkpoint).toEqual(at(31));
  });
}

function fencing(leases: () => Leases): void {
  test("who lost the shard can write no checkpoint and release nothing", async () => {
    const old = await mustClaim(leases());
    const epoch = await mustClaim(leases(), two);
    expect(await failureOf(leases().checkpoint(zero, old, at(99)))).toBeInstanceOf(Fenced);
    expect(await failureOf(leases().release(zero, old, at(99)))).toBeInstanceOf(Fenced);
    expect(await leases().read(zero)).toEqual({ owner: two, epoch });
    await leases().checkpoint(zero, epoch, at(5, two));
    expect((await leases().read(zero))?.checkpoint).toEqual(at(5, two));
  });

  test("nobody can write the checkpoint of a shard that was never claimed", async () => {
    const epoch = await mustClaim(leases());
    expect(await failureOf(leases().checkpoint(shard(1), epoch, at(1)))).toBeInstanceOf(Fenced);
  });
}
