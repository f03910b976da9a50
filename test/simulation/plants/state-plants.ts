/** Bugs with the store and the leases, as somebody might write them. */
import { Fenced } from "#lib/leases/leases";
import type { Uid } from "#lib/queue/unit";
import type { WaitingRow } from "#lib/store/store";
import type { Plant } from "./plant.ts";

/** What is suspect after a takeover is not looked up: only what a row led to, or this worker deferred, is found. */
export const suspectsNotLookedUp: Plant = (seams) => {
  const { store } = seams;
  const led = new Set<Uid>();
  const remember = (rows: readonly WaitingRow[]) => {
    for (const { uid } of rows) led.add(uid);
    return rows;
  };
  return {
    ...seams,
    store: {
      ...store,
      async defer(shard, deferrals) {
        for (const { deferred } of deferrals) led.add(deferred.unit.uid);
        await store.defer(shard, deferrals);
      },
      wheel: async (shard, q) => remember(await store.wheel(shard, q)),
      backlog: async (shard, destination, q) =>
        remember(await store.backlog(shard, destination, q)),
      async find(uids) {
        const found = await store.find(uids);
        return new Map([...found].filter(([uid]) => led.has(uid)));
      },
    },
  };
};

/** A unit counts as deferred before the store has said so. */
export const settledBeforeStored: Plant = (seams) => {
  const { store } = seams;
  const defer: typeof store.defer = async (shard, deferrals) => {
    void store.defer(shard, deferrals).catch(() => {});
  };
  return { ...seams, store: { ...store, defer } };
};

/** Whoever is fenced writes its checkpoint under the epoch of the new owner. */
export const checkpointWithoutCondition: Plant = (seams) => {
  const { leases } = seams;
  const checkpoint: typeof leases.checkpoint = async (shard, epoch, written) => {
    try {
      await leases.checkpoint(shard, epoch, written);
    } catch (error) {
      const lease = error instanceof Fenced ? await leases.read(shard) : undefined;
      if (lease === undefined) throw error;
      await leases.checkpoint(shard, lease.epoch, written);
    }
  };
  return { ...seams, leases: { ...leases, checkpoint } };
};

/** Whoever takes over knows nothing of what operators hold. */
export const holdsForgotten: Plant = (seams) => {
  const { store } = seams;
  const holds: typeof store.holds = async () => {
    await store.holds();
    return [];
  };
  return { ...seams, store: { ...store, holds } };
};

/** A claim does not ask whether the last owner lives: nobody else seems to be there. */
export const livingTakenForDead: Plant = (seams) => {
  const { leases } = seams;
  let me = "";
  return {
    ...seams,
    leases: {
      ...leases,
      async heartbeat(incarnation, standing) {
        me = incarnation;
        await leases.heartbeat(incarnation, standing);
      },
      async members() {
        const members = await leases.members();
        return members.filter(({ incarnation }) => incarnation === me);
      },
    },
  };
};

/** What is deferred is forgotten as soon as it is recorded. */
export const deferredForgotten: Plant = (seams) => {
  const { journal, store } = seams;
  const append: typeof journal.append = async (writer, events) => {
    const position = await journal.append(writer, events);
    for (const { shard, uid, disposition } of events) {
      if (disposition === "deferred") await store.finish(shard, [uid]);
    }
    return position;
  };
  return { ...seams, journal: { ...journal, append } };
};
